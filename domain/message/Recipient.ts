import { Schema } from "effect"
import { SubjectId } from "../Ids.ts"

/** Whom a message is for, in the clear. Lives in memory, inside boxes and on the wire, never in an event. */

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

/** Who acknowledged what, for receipts: the same keyed digest under which the recipient's data is sealed. */
export const Recipients = Schema.Array(SubjectId).check(Schema.isMinLength(1), Schema.isMaxLength(1_024))
