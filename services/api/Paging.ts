import { Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { parameterAs } from "./Document.ts"

interface Sizes {
  readonly minimum: number
  readonly maximum: number
  readonly default: number
}

const digits = Schema.String.check(Schema.isPattern(/^(0|[1-9]\d{0,8})$/, { message: "expected digits" }))

/** A whole number as a query has it: digits, and nothing that is a number besides. */
export const wholeNumber = (bounds: { readonly minimum: number; readonly maximum: number }) =>
  Schema.optionalKey(digits.pipe(Schema.decodeTo(Schema.NumberFromString.check(Schema.isBetween(bounds)))))

/** By what a list is asked for its next page. */
export const paging = (sizes: Sizes) => ({
  after: Schema.optionalKey(
    Schema.String.check(Schema.isMaxLength(255)).annotate({ description: "The `next` of the page before." })
  ),
  limit: wholeNumber(sizes)
})

/** The same in the document, with its bounds. */
export const pagingAs = (sizes: Sizes) =>
  [OpenApi.Transform, parameterAs("limit", { type: "integer", ...sizes, description: "How many at most." })] as const
