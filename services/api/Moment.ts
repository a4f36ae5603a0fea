import { Schema } from "effect"
import { fromMillis, type Instant } from "#domain/Instant.ts"

/** RFC 3339. A + in a query is a space to whoever reads it. */
const spelling = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[-+ ]\d\d:\d\d)$/

const millisIn = (text: string) => Date.parse(text.toUpperCase().replace(" ", "+"))

/** A moment as whoever asks writes it. */
export const moment = (description: string) =>
  Schema.String.check(
    Schema.isMaxLength(64),
    Schema.makeFilter((text: string) => spelling.test(text) && !Number.isNaN(millisIn(text)), {
      expected: "a date and time, as RFC 3339 has it",
      toJsonSchema: () => ({ format: "date-time" })
    })
  ).annotate({ description })

/** The same as the log has it. */
export const momentOf = (text: string): Instant => fromMillis(millisIn(text))

/** Of something as it was. */
export const asOf = {
  at: Schema.optionalKey(
    moment("As it was then: by all that the log held up to its last event that was recorded by this time.")
  )
}
