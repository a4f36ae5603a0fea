import { Schema } from "effect"
import { SubjectId } from "../Ids.ts"

/** What a message says and whom it is for, in the clear. Lives in memory, inside boxes and on the wire, never in an event. */

export const PhoneNumber = Schema.String.check(
  Schema.isPattern(/^\+[1-9]\d{6,14}$/, { message: "expected an E.164 phone number" }) // never echoes the number
).pipe(Schema.brand("PhoneNumber"))
export type PhoneNumber = typeof PhoneNumber.Type

export const recipientKinds = ["phone", "lid", "bsuid", "group", "channel"] as const
export const RecipientKind = Schema.Literals(recipientKinds)
export type RecipientKind = typeof RecipientKind.Type

/** Only phone numbers can be sent to so far; the storage format already knows the others. */
export const Recipient = Schema.Struct({ kind: Schema.Literal("phone"), address: PhoneNumber })
export type Recipient = typeof Recipient.Type

/** Half a surrogate pair has no UTF-8: it would come back from storage as another text. */
export const wellFormed = Schema.makeFilter((text: string) => text.isWellFormed(), {
  expected: "well-formed Unicode"
})

export const maxTextLength = 65_536

export const TextContent = Schema.Struct({
  type: Schema.Literal("text").annotate({ description: "The kind of content." }),
  text: Schema.String.annotate({ description: "The text of the message." }).check(
    Schema.isNonEmpty(),
    Schema.isMaxLength(maxTextLength),
    wellFormed
  )
})
export const Content = TextContent
export type Content = typeof Content.Type

/** Who acknowledged what, for receipts: the same keyed digest under which the recipient's data is sealed. */
export const Recipients = Schema.Array(SubjectId).check(Schema.isMinLength(1), Schema.isMaxLength(1_024))
