import { Schema } from "effect"
import { SubjectId } from "../Ids.ts"
import { Instant } from "../Instant.ts"

/** What an event says of a conversation, without a word of what was said: enough to put it in its place, in any order. */

const word = Schema.String.check(Schema.isMaxLength(255))

export const Told = Schema.Struct({
  /** Of which message or fact. */
  id: word,
  /** What happened to it, as the public event is called: `message.sent`, `inbound.message`, `meta.status` … */
  step: word,
  /** With whom: keyed digests of every name that was known. None where another event of it says so, or it is nobody's. */
  names: Schema.Array(SubjectId).check(Schema.isMaxLength(4)),
  fromMe: Schema.Boolean,
  /** By the source's clock, where that says something. */
  at: Instant,
  /** Which try of sending it a report is about. */
  attempt: Schema.optionalKey(Schema.Natural),
  /** By what others name it, and what it changes. Of one kind: views join by them. */
  called: Schema.optionalKey(word),
  target: Schema.optionalKey(word)
})
export type Told = typeof Told.Type
