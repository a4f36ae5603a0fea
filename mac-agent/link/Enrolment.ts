import { Effect, Schema } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { AgentOffer, epochOf, GatewayPin } from "#domain/identity/Trust.ts"
import { PinStore } from "#domain/ports/PinStore.ts"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import { ownKeys, refuseLost } from "./OwnKeys.ts"
import * as Trust from "./Trust.ts"

/** What an operator does to an agent's trust. */

const encodeOffer = Schema.encodeSync(AgentOffer)

/** The agent's public part; with `renew`, of keys made now, beside the ones it has. `busUser`: as whom it signs in at the bus. */
export const offer = Effect.fnUntraced(function* (agent: AgentId, busUser: string, renew: boolean) {
  const pins = yield* PinStore
  const kept = yield* pins.read
  if (kept.pin !== undefined && !renew) yield* refuseLost(kept.generations)
  const generations = renew ? kept.generations + 1 : kept.generations
  const keys = yield* ownKeys(generations)
  if (renew) yield* pins.write({ ...kept, generations })
  const { newest: protocol } = yield* SpokenVersions
  return encodeOffer({ agent, ...keys.at(-1)!.public, protocol, busUser })
})

const decodePin = Schema.decodeUnknownEffect(Schema.fromJsonString(GatewayPin))

/** Pins what the gateway answered to the agent's enrolment, whatever was pinned before: an operator's word is the last. */
export const trust = Effect.fnUntraced(function* (agent: AgentId, text: string) {
  const pins = yield* PinStore
  const kept = yield* pins.read
  const pin = yield* decodePin(text).pipe(
    Effect.catch(() => new Trust.NotTrusted({ message: "this is not what a gateway answers to an enrolment" }))
  )
  if (pin.agent !== agent) {
    return yield* new Trust.NotTrusted({ message: `the gateway answered to agent ${pin.agent}; this is ${agent}` })
  }
  yield* Trust.make(yield* ownKeys(kept.generations), pin, () => Effect.void) // fails when it cannot be used
  yield* pins.write({ ...kept, pin })
  return { epoch: epochOf(pin), before: kept.pin && epochOf(kept.pin) }
})
