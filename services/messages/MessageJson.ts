import type { AgentId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { LogIdentityState } from "#domain/identity/LogIdentityState.ts"
import { messageCodes } from "#domain/message/Codes.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { agentKeysJson } from "../identity/AgentKeysJson.ts"
import type { MessageDocument } from "./Messages.ts"

/** What a failure's code means, for the codes that are ours; the others are WhatsApp's own. */
const details: Readonly<Record<string, string>> = messageCodes
const refused = "WhatsApp refused the message."

/** A failure as the API shows it. */
export const errorJson = (code: string) => ({ code, detail: details[code] ?? refused })

/** A message as the API shows it; what it says and to whom only to those who may read messages. */
export const messageJson = (message: MessageDocument, mayRead: boolean) => ({
  id: message.id,
  status: message.status,
  device: message.device,
  ...(mayRead && message.to !== undefined && { to: message.to.address }),
  ...(mayRead && message.content !== undefined && { content: message.content }),
  ...(message.waMessageId !== undefined && { waMessageId: message.waMessageId }),
  ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
  ...(message.errorCode !== undefined && { error: errorJson(message.errorCode) }),
  tags: message.tags,
  createdAt: message.createdAt,
  updatedAt: message.updatedAt,
  expiresAt: message.expiresAt
})

/** The signed evidence stands beside the data it proves, not inside. */
const eventJson = ({ data: { evidence, ...data }, eventId: id, recordedAt, revision, type }: RecordedEvent) => ({
  id,
  type,
  revision,
  recordedAt,
  data,
  ...(typeof evidence === "string" && { evidence })
})

type Agents = Extract<LogIdentityState, { _tag: "Open" }>["agents"]

/** With what it is checked with: the keys of the agents that spoke. */
export const historyJson = (message: string, history: ReadonlyArray<RecordedEvent>, agents: Agents, now: Instant) => {
  const actors = history.map(({ metadata }) => metadata.actor).filter(({ kind }) => kind === "agent")
  const spoke = new Set(actors.map(({ id }) => id as AgentId))
  return {
    message,
    items: history.map(eventJson),
    keys: [...spoke].flatMap((agent) =>
      agentKeysJson(agents.get(agent) ?? new Map(), now).map((key) => ({ agent, ...key }))
    )
  }
}
