import { Clock, Effect, Layer } from "effect"
import { Device } from "#domain/device/Device.ts"
import { type DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as PairingCodeRows from "./PairingCodeRows.ts"
import { make, type PairingCode, PairingCodes } from "./PairingCodes.ts"

/** A code that was used, or is of an earlier round, works no more: that it is removed is not waited for much longer. */
const patience = "1 second"

/**
 * Codes to pair with, of several gateways on one database: the bus hands a code to one of them, and the caller may ask
 * another. A code stands there sealed under its device's own key, for as long as it works.
 */
export const layer = Layer.effect(
  PairingCodes,
  Effect.gen(function* () {
    const rows = yield* PairingCodeRows.make
    const personal = yield* Personal
    const { tenant } = yield* Provenance
    const here = yield* make

    /** No event holds a code: the device's id stands where an event's would. */
    const eventOf = (device: DeviceId) => EventId.make(device)
    const field = "pairing code"
    const unheard = (what: string) =>
      Effect.catchCause((cause: unknown) => Effect.logWarning(`a code to pair with could not be ${what}`, cause))

    const keep = Effect.fnUntraced(function* (device: DeviceId, { code, expiresAt, method }: PairingCode) {
      const seal = yield* personal.sealFor("device", device)
      const box = seal(eventOf(device), field, code)
      yield* rows.forget(fromMillis(yield* Clock.currentTimeMillis))
      yield* rows.keep(device, { method, box, expires_at: expiresAt })
    })

    const kept = Effect.fnUntraced(function* (device: DeviceId) {
      const now = fromMillis(yield* Clock.currentTimeMillis)
      const row = yield* rows.find(device, now)
      if (row === undefined) return undefined
      const whose = { stream: Device.streamOf(device), subject: personal.subjectOf("device", device) }
      const code = yield* personal.reveal(row.box, { tenant, event: eventOf(device), field }, whose)
      if (code === undefined) return undefined
      const found: PairingCode = { method: row.method, code, expiresAt: row.expires_at }
      return found
    })
    const current = (device: DeviceId) => Effect.catch(kept(device), () => here.current(device)) // the database is away: what this one heard itself

    const first = (device: DeviceId): Effect.Effect<PairingCode> =>
      Effect.flatMap(current(device), (code) =>
        code === undefined ? Effect.delay(first(device), "200 millis") : Effect.succeed(code)
      )

    return PairingCodes.of({
      shown: here.shown,
      show: (device, code) => Effect.andThen(here.show(device, code), unheard("shared")(keep(device, code))),
      // done when it returns: what is removed later may be the next one
      hide: (device) =>
        Effect.andThen(here.hide(device), unheard("removed")(Effect.timeout(rows.remove(device), patience))),
      current,
      first
    })
  })
)
