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
  /** The id of the stanza in which it came; `undefined` of what is in no order to the rest of its chat. */
  readonly stanza: string | undefined
  /** The message under whose secret it is encrypted. */
  readonly sealedUnder?: string
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
  [/^(edited|secretEncrypted)Message$/, "edit"]
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

/** What became of a call, by what the stanza says. */
const ofCalls: Readonly<Record<string, string>> = {
  offer: "offered",
  accept: "accepted",
  reject: "rejected",
  terminate: "ended",
  timeout: "missed"
}

/** A phone's history has its own place in the log; and from the account's own phone, the record does not say to whom. */
const isOrdered = ({ account, contact, waMessageId }: Observation, remembered: ReadonlySet<string>) =>
  account !== contact && !remembered.has(`${account}/${waMessageId}`)

const said = (observation: Observation, remembered: ReadonlySet<string>): ReadonlyArray<Expected> => {
  const { account, contact, content, group, text, waMessageId } = observation
  if (account === undefined || waMessageId === undefined) return []
  const { stanza = waMessageId, state } = (content ?? {}) as { readonly stanza?: string; readonly state?: string }
  const about = {
    account,
    chat: group ?? contact ?? "",
    stanza: isOrdered(observation, remembered) ? stanza : undefined
  }
  if (content?.kind === "call") {
    return [{ ...about, waMessageId: `${waMessageId}.${ofCalls[state!]}`, kind: "call", text: undefined }]
  }
  const kind = content?.kind === "unavailable" ? "undecryptable" : kindOf(observation)
  const sealed = content?.secretEncryptedMessage as { readonly targetMessageKey?: { readonly id?: string } } | undefined
  const of = sealed?.targetMessageKey?.id
  const edit = of === undefined ? {} : { sealedUnder: of }
  return [{ ...about, ...edit, waMessageId, kind, text: kind === "text" || kind === "edit" ? text : undefined }]
}

export const expectedIn = (record: ReadonlyArray<Observation>): ReadonlyArray<Expected> => {
  const remembered = new Set(
    record.flatMap(({ account, kind, waMessageId }) => (kind === "remembered" ? [`${account}/${waMessageId}`] : []))
  )
  const changed = new Map(record.flatMap((one) => (one.kind === "group" ? [[one.waMessageId, one.group!]] : [])))
  const known = new Set<string>()
  return record
    .flatMap((observation): ReadonlyArray<Expected> => {
      const { account, kind, waMessageId } = observation
      if (kind === "incoming" || kind === "remembered") return said(observation, remembered)
      const group = changed.get(waMessageId)
      if (kind !== "handed" || account === undefined || group === undefined) return []
      return [{ account, chat: group, waMessageId: waMessageId!, kind: "group", text: undefined, stanza: waMessageId }]
    })
    .filter(({ account, waMessageId }) => {
      const name = `${account}/${waMessageId}`
      return !known.has(name) && known.add(name)
    })
}
