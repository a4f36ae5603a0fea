import { Schema } from "effect"
import { wellFormed } from "../WellFormed.ts"
import { Target } from "./Heard.ts"

/** What is shown of a message that is replied to. Whoever gets the reply sees this, whatever they have of the message. */

export const mostQuoted = 1_024

export const Quote = Schema.Struct({
  target: Target,
  /** The kind of its content, as it was heard or sent. */
  kind: Schema.String.check(Schema.isMaxLength(32)),
  /** The beginning of what it says, if it says anything in words. */
  text: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(mostQuoted), wellFormed))
})
export type Quote = typeof Quote.Type

/** As much of the words as is shown. */
export const excerptOf = (words: string): string => words.slice(0, mostQuoted).toWellFormed()
