import { Effect, Layer, Redacted } from "effect"
import { defaultTenant } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { matching, setting } from "../Setting.ts"
import { version } from "../Version.ts"
import { Adopting, NotThisLogs } from "./Installation.ts"

export const settings = {
  region: setting(
    "REGION",
    "local",
    matching(/^[a-z0-9-]{1,32}$/),
    "1 to 32 of a-z, 0-9 and -",
    "Stands on every event."
  )
}

/** Ids and subjects follow from the pepper: one that is missing is made for a log that has not been begun, and no other. */
const pepper = Effect.gen(function* () {
  const vault = yield* SecretVault
  const found = yield* vault.find("pepper")
  if (found !== undefined) return found
  const begun = (yield* (yield* EventStore).head) !== undefined
  if (begun && !(yield* Adopting)) return yield* new NotThisLogs({ reason: "no_pepper" })
  return yield* vault.obtain("pepper")
})

export const provenance = (region: string) =>
  Layer.effect(
    Provenance,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      return {
        tenant: defaultTenant,
        region,
        producer: `homing-gateway/${version}`,
        pepper: crypto.macKey(Redacted.value(yield* pepper))
      }
    })
  )
