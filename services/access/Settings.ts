import { Schema } from "effect"
import { optional } from "../Setting.ts"

export const settings = {
  apiKey: optional(
    "API_KEY",
    Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(16), Schema.isMaxLength(512))),
    "at least 16 characters",
    "A key that may do everything, besides those issued through the API. Without it the first start prints a key, once."
  )
}
