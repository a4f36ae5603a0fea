import { Clock, Context, Effect, Exit, Layer, PubSub, Stream } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { type Instant, toMillis } from "#domain/Instant.ts"
import { Later } from "#domain/Later.ts"

export interface PairingCode {
  readonly method: "qr" | "code"
  readonly code: string
  readonly expiresAt: Instant
}

/** Codes to pair with, while they work. In memory only: a code is a secret with a short life, and never an event. */
export class PairingCodes extends Context.Service<
  PairingCodes,
  {
    readonly show: (device: DeviceId, code: PairingCode) => Effect.Effect<void>
    readonly hide: (device: DeviceId) => Effect.Effect<void>
    readonly current: (device: DeviceId) => Effect.Effect<PairingCode | undefined>
    /** Every code shown from now on, for a terminal. */
    readonly shown: Stream.Stream<PairingCode & { readonly device: DeviceId }>
    /** Completes with the device's code, at once if there is one. */
    readonly first: (device: DeviceId) => Effect.Effect<PairingCode>
  }
>()("homing/services/devices/PairingCodes") {}

/** Of one gateway. */
export const make = Effect.gen(function* () {
  const shown = yield* PubSub.sliding<PairingCode & { readonly device: DeviceId }>(16)
  const codes = new Map<DeviceId, PairingCode>()
  const waiting = new Map<DeviceId, Later<PairingCode>>()
  return PairingCodes.of({
    shown: Stream.fromPubSub(shown),
    show: (device, code) =>
      Effect.suspend(() => {
        codes.set(device, code)
        const next = waiting.get(device)
        waiting.delete(device)
        const told = PubSub.publish(shown, { ...code, device })
        return next === undefined
          ? told
          : Effect.andThen(
              told,
              Effect.sync(() => next.tell(Exit.succeed(code)))
            )
      }),
    hide: (device) => Effect.sync(() => void codes.delete(device)),
    current: (device) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const code = codes.get(device)
        return code !== undefined && toMillis(code.expiresAt) > now ? code : undefined
      }),
    first: (device) =>
      Effect.suspend(() => {
        const shown = codes.get(device)
        if (shown !== undefined) return Effect.succeed(shown)
        const next = waiting.get(device) ?? new Later<PairingCode>()
        waiting.set(device, next)
        return next.told
      })
  })
})

export const layer = Layer.effect(PairingCodes, make)
