import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { agent, device, paired, world } from "./testing/BaileysFixture.ts"

describe("a session", () => {
  it.live("ends for good when it is logged out, and the account no longer lists the device", () =>
    Effect.gen(function* () {
      const { simulator, hears, logOut, openDevice } = yield* paired()
      yield* logOut(device)
      yield* hears("Disconnected", { reason: "logged_out", final: true })
      assert.include(
        simulator.record.observations.map(({ kind }) => kind),
        "unlinked"
      )
      yield* openDevice() // the credentials are gone
      yield* hears("Disconnected", { reason: "logged_out", final: true })
    })
  )

  it.live("is logged out as soon as there is one, and again until WhatsApp has answered", () =>
    Effect.gen(function* () {
      const { simulator, hears, logOut } = yield* paired()
      simulator.faults.upgradeStatus = 503
      simulator.drop()
      yield* hears("Disconnected", { final: false })
      yield* logOut(device)
      simulator.faults.queryError = { namespace: "md", code: 500 }
      simulator.faults.upgradeStatus = null
      yield* hears("Connected")
      yield* hears("Connected")
      simulator.faults.queryError = null
      yield* hears("Disconnected", { reason: "logged_out", final: true })
    })
  )

  it.live("that only a person can open again is forgotten when it is logged out meanwhile", () =>
    Effect.gen(function* () {
      const { simulator, hears, logOut, openDevice } = yield* paired(
        {},
        { backoff: { firstMs: 10, mostMs: 40, bannedMs: 1, bannedTries: 2 } }
      )
      simulator.faults.loginFailure = 406
      simulator.drop()
      yield* logOut(device)
      yield* hears("Disconnected", { reason: "banned", final: true })
      yield* openDevice()
      yield* hears("Disconnected", { reason: "logged_out", final: true })
    })
  )

  it.live("that offers codes is over when it is logged out", () =>
    Effect.gen(function* () {
      const { hears, logOut, openDevice } = yield* agent(yield* world())
      yield* openDevice({ method: "qr" })
      yield* hears("PairingCode")
      yield* logOut(device)
      yield* hears("Disconnected", { reason: "logged_out", final: true })
    })
  )
})
