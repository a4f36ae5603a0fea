import { Clock, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis, Instant } from "#domain/Instant.ts"
import { Sealed } from "#domain/Sealed.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { creating } from "../tables/Tables.ts"
import { make, type PairingCode, PairingCodes } from "./PairingCodes.ts"

const Row = Schema.Struct({
  method: Schema.Literals(["qr", "code"]),
  box: Schema.fromJsonString(Sealed),
  expires_at: Instant
})
const decodeRows = Schema.decodeUnknownEffect(Schema.Array(Row))

/**
 * Codes to pair with, of several gateways on one database: the bus hands a code to one of them, and the caller may ask
 * another. A code stands there sealed under its device's own key, for as long as it works.
 */
export const layer = Layer.effect(
  PairingCodes,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const personal = yield* Personal
    const { tenant } = yield* Provenance
    const here = yield* make
    const scope = yield* Effect.scope
    yield* creating(
      sql,
      sql`CREATE TABLE IF NOT EXISTS pairing_codes (
        device TEXT PRIMARY KEY, method TEXT NOT NULL, box TEXT NOT NULL, expires_at TEXT NOT NULL)`
    )

    /** No event holds a code: the device's id stands where an event's would. */
    const eventOf = (device: DeviceId) => EventId.make(device)
    const field = "pairing code"
    const unheard = (what: string) =>
      Effect.catchCause((cause: unknown) => Effect.logWarning(`a code to pair with could not be ${what}`, cause))

    const keep = Effect.fnUntraced(function* (device: DeviceId, { code, expiresAt, method }: PairingCode) {
      const seal = yield* personal.sealFor("device", device)
      const box = JSON.stringify(seal(eventOf(device), field, code))
      yield* sql`DELETE FROM pairing_codes WHERE expires_at <= ${fromMillis(yield* Clock.currentTimeMillis)}`
      // gateways record side by side: the code that works longer is the newer one
      yield* sql`INSERT INTO pairing_codes (device, method, box, expires_at)
        VALUES (${device}, ${method}, ${box}, ${expiresAt}) ON CONFLICT (device) DO UPDATE SET
        method = excluded.method, box = excluded.box, expires_at = excluded.expires_at
        WHERE excluded.expires_at >= pairing_codes.expires_at`
    })

    const kept = Effect.fnUntraced(function* (device: DeviceId) {
      const now = fromMillis(yield* Clock.currentTimeMillis)
      const [row] = yield* Effect.flatMap(
        sql`SELECT method, box, expires_at FROM pairing_codes WHERE device = ${device} AND expires_at > ${now}`,
        decodeRows
      )
      if (row === undefined) return undefined
      const code = yield* personal.reveal(row.box, { tenant, event: eventOf(device), field })
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
      hide: (device) =>
        Effect.andThen(
          here.hide(device),
          // nobody waits for it: a code that was used is over soon, and works no more
          Effect.forkIn(unheard("removed")(sql`DELETE FROM pairing_codes WHERE device = ${device}`), scope)
        ),
      current,
      first
    })
  })
)
