import { Schema, SchemaTransformation } from "effect"

const Digits = Schema.String.check(Schema.isPattern(/^[0-9]{5,15}$/))

/** An international number. A plus sign is allowed on the way in; inside the simulator a number is digits only. */
export const PhoneNumber = Schema.String.pipe(
  Schema.decodeTo(
    Digits,
    SchemaTransformation.transform({ decode: (text) => text.replace(/^\+/, ""), encode: (digits) => digits })
  )
)
