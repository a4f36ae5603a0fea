import { Schema } from "effect"
import { wellFormed } from "../../WellFormed.ts"

export const maxTextLength = 65_536

export const Text = Schema.Struct({
  type: Schema.Literal("text"),
  text: Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(maxTextLength), wellFormed)
})
