import { Effect, Schema } from "effect"
import { LogIdentityRejected } from "#domain/identity/LogIdentity.ts"

export class KeyUnknown extends Schema.TaggedError<KeyUnknown>()("KeyUnknown", {}) {}
/** A revoked key never comes back. */
export class KeyRevoked extends Schema.TaggedError<KeyRevoked>()("KeyRevoked", {}) {}
/** It signs. */
export class KeyInUse extends Schema.TaggedError<KeyInUse>()("KeyInUse", {}) {}
/** No secret can be agreed on with it. */
export class KeyUnusable extends Schema.TaggedError<KeyUnusable>()("KeyUnusable", {}) {}

type Errors = { readonly [Reason in LogIdentityRejected["reason"]]?: () => unknown }
type ErrorOf<E extends Errors> = { [Reason in keyof E]: E[Reason] extends () => infer Made ? Made : never }[keyof E]

const isRejected = Schema.is(LogIdentityRejected)

/** What was asked for can be rejected for these reasons; any other would be a bug. */
export const rejecting =
  <const Made extends Errors>(errors: Made) =>
  <A, E, R>(effect: Effect.Effect<A, E | LogIdentityRejected, R>) =>
    Effect.catchIf(effect, isRejected, (rejected): Effect.Effect<never, ErrorOf<Made>> => {
      const make = (errors as Errors)[rejected.reason]
      return make === undefined ? Effect.die(rejected) : Effect.fail(make() as ErrorOf<Made>)
    })
