import { Schema, type Struct } from "effect"

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
  "remembered",
  "group",
  "client-receipt",
  "client-ack",
  "presence",
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
  /** What it answers, as it shows that: the quoted id, whose that is, and what of it. */
  quotes: Schema.optionalKey(
    Schema.Struct({
      waMessageId: Schema.optionalKey(Schema.String),
      participant: Schema.optionalKey(Schema.String),
      content: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
    })
  ),
  /** How many copies of this id the contact has now. */
  copies: Schema.optionalKey(Schema.Number),
  /**
   * How a message came to a device, what was done to a group, of how many numbers the directory was asked, an error code,
   * a client's version, a receipt's type, what a client shows of itself, a query's namespace, or when a socket was dropped: "before-delivery",
   * "after-delivery".
   */
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

type Sum = Struct.Mutable<MessageSummary>

const empty = ({ account, contact, waMessageId = "" }: Observation): Sum => ({
  waMessageId,
  account,
  contact,
  text: undefined,
  content: undefined,
  stanzas: 0,
  copies: 0,
  acked: false,
  refused: undefined,
  delivered: false,
  read: false,
  idsWithSameText: 1
})

const include = (sum: Sum, { content, detail, kind, text }: Observation) => {
  sum.text ??= text
  sum.content ??= content
  if (kind === "message") sum.stanzas += 1
  else if (kind === "delivered") sum.copies += 1
  else if (kind === "acked") sum.acked = true
  else if (kind === "read") sum.read = true
  else if (kind === "refused") sum.refused ??= detail
  sum.delivered = sum.copies > 0
}

const wordsOf = ({ account, contact, content, text }: MessageSummary) =>
  (text ?? content) === undefined ? undefined : JSON.stringify([account, contact, text, content])

/** One summary for every id that a client sent under, in the order of arrival. */
export const summarise = (observations: Iterable<Observation>): ReadonlyArray<MessageSummary> => {
  const byId = new Map<string, Sum>()
  for (const observation of observations) {
    const { account, kind, waMessageId } = observation
    if (waMessageId === undefined) continue
    const key = JSON.stringify([account, waMessageId])
    if (kind === "message" && !byId.has(key)) byId.set(key, empty(observation))
    const sum = byId.get(key)
    if (sum) include(sum, observation)
  }
  const sums = [...byId.values()]
  const times = new Map<string | undefined, number>()
  for (const sum of sums) times.set(wordsOf(sum), (times.get(wordsOf(sum)) ?? 0) + 1)
  for (const sum of sums) sum.idsWithSameText = wordsOf(sum) === undefined ? 1 : (times.get(wordsOf(sum)) ?? 1)
  return sums
}
