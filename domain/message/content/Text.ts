import { Schema } from "effect"
import { wellFormed } from "../../WellFormed.ts"

export const maxTextLength = 65_536

export const Text = Schema.Struct({
  type: Schema.Literal("text").annotate({ description: "The kind of content." }),
  text: Schema.String.annotate({ description: "The text of the message." }).check(
    Schema.isNonEmpty(),
    Schema.isMaxLength(maxTextLength),
    wellFormed
  )
}).annotate({ identifier: "TextContent", description: "A text." })
