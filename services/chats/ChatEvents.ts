import { categoryOf, type SubjectId } from "#domain/Ids.ts"
import { Inbound, type InboundEvent, type ReceivedFact } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as PeerRows from "../contacts/PeerRows.ts"

/** What the events of messages and facts say of chats. */

/** The first event of a message or a fact: where it stands, and by whom. */
export interface Placed {
  readonly position: bigint
  readonly chat: PeerRows.Named
  /** `undefined`: the account itself. */
  readonly sender: PeerRows.Named | undefined
  readonly waMessageId: string
  /** `undefined`: it was sent through Homing. */
  readonly fact: ReceivedFact | undefined
}

const personKinds: ReadonlySet<string> = new Set(["phone", "lid", "bsuid"])

const placedMessage = (recorded: RecordedEvent): Placed | undefined => {
  const event = Message.read(recorded)
  if (event.type !== "message.queued") return undefined
  const { position } = recorded
  const { device, recipient, transport } = event.data
  const kind = personKinds.has(recipient.kind) ? PeerRows.person : recipient.kind
  const chat = { device, kind, names: [recipient.address.subject], position }
  const waMessageId = transport.name === "whatsapp-web" ? transport.messageId : ""
  return { position, chat, sender: undefined, waMessageId, fact: undefined }
}

const placedFact = ({ position }: RecordedEvent, fact: ReceivedFact): Placed => {
  const { chat, fromMe, sender, source, waMessageId } = fact
  const named = (kind: string, names: ReadonlyArray<SubjectId>) => ({ device: source.device, kind, names, position })
  return {
    position,
    chat: named(chat.kind, chat.names),
    sender: fromMe ? undefined : named(PeerRows.person, sender.names),
    waMessageId,
    fact
  }
}

type Decrypted = Extract<InboundEvent, { readonly type: "inbound.decrypted" }>["data"]

export interface Completed {
  readonly stream: string
  /** Of the event that says so. */
  readonly known: bigint
  readonly data: Decrypted
}

/** In their order: what is new, and what turns out to be readable. */
export const readEvents = (events: ReadonlyArray<RecordedEvent>) => {
  const placed: Array<Placed & { readonly stream: string }> = []
  const completed: Array<Completed> = []
  for (const recorded of events) {
    const { stream } = recorded
    if (categoryOf(stream) === Message.category) {
      const message = placedMessage(recorded)
      if (message !== undefined) placed.push({ ...message, stream })
      continue
    }
    const event = Inbound.read(recorded)
    if (event.type === "inbound.received") placed.push({ ...placedFact(recorded, event.data), stream })
    else if (event.type === "inbound.decrypted") completed.push({ stream, known: recorded.position, data: event.data })
  }
  return { placed, completed }
}

/** What a fact does to another message. Of each kind the newest of whoever does it counts. */
export const changeKinds = ["edit", "deletion", "admin_deletion", "reaction", "vote", "echo"] as const
export type ChangeKind = (typeof changeKinds)[number]

/** `undefined`: it stands in the chat by itself. */
export const changeIn = ({ content: { kind }, target }: Pick<ReceivedFact, "content" | "target">) => {
  if (target === undefined) return undefined
  if (kind === "deletion") return target.byAdmin ? "admin_deletion" : kind
  return kind === "edit" || kind === "reaction" || kind === "vote" ? kind : undefined
}
