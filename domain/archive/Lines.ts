import { Option, Schema } from "effect"
import { BatchId, EventId } from "../Ids.ts"
import { Instant } from "../Instant.ts"

/** What an archive says, a line of JSON each: for whoever has to show years later what came, from whom, and when. */

const link = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const word = Schema.String.check(Schema.isMaxLength(128))
const day = Schema.String.check(Schema.isPattern(/^\d{4}-\d{2}-\d{2}$/))

/** Of which event of the log it is. */
const place = { position: Schema.String.check(Schema.isPattern(/^\d{1,20}$/)), event: EventId }

/** A request as it came. */
const Request = Schema.Struct({
  v: Schema.Literal(1),
  kind: Schema.Literal("request"),
  id: BatchId,
  /** The app of Meta's, or the session source, as the configuration calls it. */
  app: word,
  source: Schema.Literals(["meta", "session"]),
  ...place,
  receivedAt: Instant,
  /** Which gateway took it. */
  proxy: Schema.optionalKey(word),
  headers: Schema.Record(Schema.String, Schema.String),
  /** How many came. */
  bytes: Schema.Natural,
  /** Of these bytes as they came, whatever is masked below; keyed by a secret of the log's. */
  digest: Schema.optionalKey(Schema.String),
  /** The members that are masked in the body. Absent: it is what came. */
  masked: Schema.optionalKey(Schema.Array(Schema.String)),
  encoding: Schema.Literals(["utf8", "base64", "none"]),
  body: Schema.optionalKey(Schema.String),
  /** Why there is no body: its bytes are gone or damaged, or are no JSON of which members could be masked. */
  without: Schema.optionalKey(Schema.Literals(["gone", "damaged", "unreadable"]))
})
export type ArchivedRequest = typeof Request.Type

/** Where what a request says was sent on to: known once it was taken apart. */
const Routed = Schema.Struct({
  v: Schema.Literal(1),
  kind: Schema.Literal("routed"),
  id: BatchId,
  ...place,
  regions: Schema.Array(word),
  at: Instant
})
export type ArchivedRouting = typeof Routed.Type

/** The first of a file. */
const Opened = Schema.Struct({
  v: Schema.Literal(1),
  kind: Schema.Literal("opened"),
  segment: Schema.Natural,
  day,
  /** The last link of the file before. */
  previous: link
})

/** The last of a file to which nothing is added any more. */
const Closed = Schema.Struct({
  v: Schema.Literal(1),
  kind: Schema.Literal("closed"),
  segment: Schema.Natural,
  /** How many there are between the first and the last. */
  lines: Schema.Natural
})

const Line = Schema.Union([Request, Routed, Opened, Closed])
export type Line = typeof Line.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Line))

/** `undefined` for what is no line of an archive. */
export const lineIn = (text: string): Line | undefined => Option.getOrUndefined(decode(text))
