import type { Observation } from "#infra/whatsapp/simulator/Observation.ts"

/** What contacts have said and done, as the simulator wrote it down; told apart by the protocol's own names alone. */

export interface Expected {
  /** The account's number, and its chat: a contact's number or a group's address. */
  readonly account: string
  readonly chat: string
  readonly waMessageId: string
  readonly kind: string
  /** Of a text, and of an edit. */
  readonly text: string | undefined
}

type Content = { readonly [name: string]: unknown }

const wrappers = ["ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "documentWithCaptionMessage"] as const
const unwrapped = (content: Content): Content => {
  for (const name of wrappers) {
    const inner = content[name] as { readonly message?: Content } | undefined
    if (inner?.message !== undefined) return unwrapped(inner.message)
  }
  return content
}

const kinds: ReadonlyArray<readonly [name: RegExp, kind: string]> = [
  [/^(conversation|extendedTextMessage)$/, "text"],
  [/^imageMessage$/, "image"],
  [/^(video|ptv)Message$/, "video"],
  [/^audioMessage$/, "audio"],
  [/^documentMessage$/, "document"],
  [/^stickerMessage$/, "sticker"],
  [/^(live)?[lL]ocationMessage$/, "location"],
  [/^contacts?(Array)?Message$/, "contacts"],
  [/^pollCreationMessage/, "poll"],
  [/^pollUpdateMessage$/, "vote"],
  [/^reactionMessage$/, "reaction"],
  [/^pinInChatMessage$/, "pin"],
  [/^editedMessage$/, "edit"]
]
const ofProtocol: Readonly<Record<string, string>> = {
  REVOKE: "deletion",
  MESSAGE_EDIT: "edit",
  EPHEMERAL_SETTING: "timer"
}

const kindOf = ({ content }: Observation): string => {
  if (content === undefined) return "text"
  const said = unwrapped(content)
  const { protocolMessage } = said as { readonly protocolMessage?: { readonly type?: string } }
  if (protocolMessage !== undefined) return ofProtocol[protocolMessage.type ?? "REVOKE"] ?? "other"
  const names = Object.keys(said)
  return kinds.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? "other"
}

export const expectedIn = (record: ReadonlyArray<Observation>): ReadonlyArray<Expected> =>
  record.flatMap((observation) => {
    const { account, contact, group, kind, text, waMessageId } = observation
    if (kind !== "incoming" || account === undefined || waMessageId === undefined) return []
    const said = kindOf(observation)
    return [
      {
        account,
        chat: group ?? contact ?? "",
        waMessageId,
        kind: said,
        text: said === "text" || said === "edit" ? text : undefined
      }
    ]
  })
