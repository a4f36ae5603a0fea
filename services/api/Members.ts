import { Schema } from "effect"

/** Members that many resources have, with what the document says of each. */

export const text = (description: string) => Schema.String.annotate({ description })

export const uuid = (description: string) => Schema.String.annotate({ description, format: "uuid" })

export const instant = (description: string) => Schema.String.annotate({ description, format: "date-time" })

export const count = (description: string) => Schema.Natural.annotate({ description })

export const flag = (description: string) => Schema.Boolean.annotate({ description })

export const integer = (bounds: { readonly minimum: number; readonly maximum: number }, description: string) =>
  Schema.Int.check(Schema.isBetween(bounds)).annotate({ description })

/** A number of either sign. */
export const signed = (description: string) =>
  integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, description)

export const nullable = <S extends Schema.Top>(member: S, description: string) =>
  Schema.NullOr(member).annotate({ description })

/** One of these words, or one of a later release: in an answer, a list that only we can lengthen is not closed. */
export const word = (known: ReadonlyArray<string>, description: string) =>
  text(description).check(
    Schema.makeFilter(() => true, { toJsonSchema: () => ({ anyOf: [{ enum: [...known] }, { type: "string" }] }) })
  )

/** All of something, in one answer. */
export const listOf = <S extends Schema.Top>(item: S, identifier: string, description: string) =>
  Schema.Struct({ items: Schema.Array(item).annotate({ description }) }).annotate({ identifier, description })

/** The header of an answer that created something. */
export const located = (description: string) => ({
  location: Schema.String.annotate({ description, format: "uri-reference" })
})
