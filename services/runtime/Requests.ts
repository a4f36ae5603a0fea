import canonicalize from "canonicalize"
import { Context, Effect, Layer, Schema } from "effect"
import { Request } from "#domain/access/Request.ts"
import { contentDigestOf, requestIdOf } from "#domain/Identifiers.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import * as AggregateActors from "./AggregateActors.ts"
import type { Caller } from "./Caller.ts"
import { Provenance } from "./Provenance.ts"

/** The idempotency key was used before, for something else. */
export class OtherContent extends Schema.TaggedError<OtherContent>()("OtherContent", {}) {}

/** Requests to make something, known again by their idempotency keys. */
export class Requests extends Context.Service<
  Requests,
  {
    /**
     * The id of what this request makes: `fresh`, unless it was accepted before. `what` it makes is part of the key's name:
     * one key may make a device and a client.
     */
    readonly accept: (
      caller: Caller,
      request: { readonly what: string; readonly key: string; readonly asked: object; readonly fresh: string }
    ) => Effect.Effect<string, OtherContent | EventStoreUnavailable>
  }
>()("homing/services/runtime/Requests") {}

export const layer = Layer.effect(
  Requests,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const { pepper, tenant } = yield* Provenance
    const actors = yield* AggregateActors.make(Request)
    return {
      accept: Effect.fnUntraced(
        function* ({ client, key: apiKey }, { asked, fresh, key, what }) {
          const id = requestIdOf(crypto, pepper, tenant, client, what, key)
          const contentDigest = contentDigestOf(crypto, pepper, canonicalize(asked)!)
          const { state } = yield* actors.execute(
            Request.streamOf(id),
            () => ({ _tag: "Accept", contentDigest, makes: fresh }),
            { actor: { kind: "api_key", id: apiKey }, correlationId: fresh, causationId: id }
          )
          return state._tag === "Accepted" ? state.makes : fresh
        },
        Effect.catchTag("RequestRejected", () => new OtherContent())
      )
    }
  })
)
