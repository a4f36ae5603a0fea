import { Schema } from "effect"

const kinds = [
  "upgrade-refused",
  "paired",
  "login",
  "login-refused",
  "unlinked",
  "closed",
  "message",
  "acked",
  "refused",
  "delivered",
  "unreadable",
  "read",
  "played",
  "retry-asked",
  "dropped",
  "incoming",
  "handed",
  "history",
  "group",
  "client-receipt",
  "client-ack",
  "directory-asked",
  "token-given",
  "muted",
  "absent",
  "protocol-error"
] as const

/** One thing that the server saw or did. Numbers and texts are in the clear: the record exists to be compared with. */
export const Observation = Schema.Struct({
  at: Schema.String,
  kind: Schema.Literals(kinds),
  account: Schema.optionalKey(Schema.String),
  device: Schema.optionalKey(Schema.Number),
  contact: Schema.optionalKey(Schema.String),
  group: Schema.optionalKey(Schema.String),
  waMessageId: Schema.optionalKey(Schema.String),
  text: Schema.optionalKey(Schema.String),
  /** What came instead of a text, as the protocol's JSON. */
  content: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  /** How many copies of this id the contact has now. */
  copies: Schema.optionalKey(Schema.Number),
  /** How a message came to a device, what was done to a group, of how many numbers the directory was asked, an error code, a client's version, a receipt's type, a query's namespace, or when a socket was dropped: "before-delivery", "after-delivery". */
  detail: Schema.optionalKey(Schema.String)
})
export type Observation = typeof Observation.Type

/** Everything that the record says about one WhatsApp message id. */
export interface MessageSummary {
  readonly waMessageId: string
  readonly account: string | undefined
  readonly contact: string | undefined
  readonly text: string | undefined
  readonly content: Observation["content"]
  /** How many <message> stanzas arrived under this id. */
  readonly stanzas: number
  /** How many copies reached the contact's inbox. */
  readonly copies: number
  readonly acked: boolean
  readonly refused: string | undefined
  readonly delivered: boolean
  readonly read: boolean
  /** How many ids carried this very text, or other content, from this account to this contact: more than one is a visible duplicate. */
  readonly idsWithSameText: number
}

const summariseOne = (waMessageId: string, seen: ReadonlyArray<Observation>): MessageSummary => {
  const has = (kind: Observation["kind"]) => seen.some((observation) => observation.kind === kind)
  return {
    waMessageId,
    account: seen[0]?.account,
    contact: seen[0]?.contact,
    text: seen.find(({ text }) => text !== undefined)?.text,
    content: seen.find(({ content }) => content !== undefined)?.content,
    stanzas: seen.filter(({ kind }) => kind === "message").length,
    copies: seen.filter(({ kind }) => kind === "delivered").length,
    acked: has("acked"),
    refused: seen.find(({ kind }) => kind === "refused")?.detail,
    delivered: has("delivered"),
    read: has("read"),
    idsWithSameText: 1
  }
}

/** One summary for every id that a client sent under, in the order of arrival. */
export const summarise = (observations: Iterable<Observation>): ReadonlyArray<MessageSummary> => {
  const byId = new Map<string, Array<Observation>>()
  for (const observation of observations) {
    const { kind, waMessageId, account } = observation
    if (waMessageId === undefined) continue
    const key = JSON.stringify([account, waMessageId])
    const seen = byId.get(key)
    if (seen) seen.push(observation)
    else if (kind === "message") byId.set(key, [observation])
  }
  const summaries = [...byId.values()].map((seen) => summariseOne(seen[0]?.waMessageId ?? "", seen))
  const wordsOf = ({ account, contact, content, text }: MessageSummary) =>
    JSON.stringify([account, contact, text, content])
  const sameWords = Map.groupBy(summaries, wordsOf)
  return summaries.map((summary) => ({
    ...summary,
    idsWithSameText:
      (summary.text ?? summary.content) === undefined ? 1 : (sameWords.get(wordsOf(summary))?.length ?? 1)
  }))
}
