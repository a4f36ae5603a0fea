import { Schema } from "effect"
import { text } from "./Members.ts"

/** A string as in RFC 9651, the way the draft standard has it; or the same without the quotes, if that has no spaces. */
const quoted = /"(?:[ !#-[\]-~]|\\["\\]){1,255}"/
const bare = /[!#-~][!-~]{0,254}/
export const IdempotencyKey = Schema.String.check(
  Schema.isPattern(new RegExp(`^(?:${bare.source}|${quoted.source})$`), {
    message: "Expected once, 1 to 255 visible ASCII characters, or a string in double quotes of as many and spaces",
    toJsonSchema: () => ({ pattern: `^(?:${bare.source}|${quoted.source})$` })
  })
).annotate({
  description: 'Names the request: `"order-4711"` as draft-ietf-httpapi-idempotency-key-header has it, or `order-4711`.'
})

/** What a request brings that may be repeated. */
export const keyed = { "idempotency-key": Schema.optionalKey(IdempotencyKey) }

/** And what its answer tells. */
export const answered = {
  "idempotency-key": text("The key under which it was accepted: the caller's, or the one that the gateway made."),
  "idempotency-warning": Schema.optionalKey(
    text("Present when the gateway made the key: a lost answer is then not protected.")
  )
}
