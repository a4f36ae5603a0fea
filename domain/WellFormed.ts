import { Schema } from "effect"

/** Half a surrogate pair has no UTF-8: it would come back from storage as another text. */
export const wellFormed = Schema.makeFilter((text: string) => text.isWellFormed(), {
  expected: "well-formed Unicode"
})
