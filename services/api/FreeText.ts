import { Schema } from "effect"
import { wellFormed } from "#domain/WellFormed.ts"

/** What callers say in words of their own. */
export const FreeText = Schema.String.check(wellFormed)

/** What they call a device or a client. */
export const Name = FreeText.check(Schema.isTrimmed(), Schema.isNonEmpty(), Schema.isMaxLength(100)).annotate({
  description: "What to call it; shown in lists, and encrypted where it is kept."
})
