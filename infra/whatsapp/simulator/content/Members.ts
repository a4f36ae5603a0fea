import { Schema } from "effect"

export const Text = Schema.String.check(Schema.isMaxLength(65_536))
export const Id = Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(256))
export const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_294_967_295 }))
