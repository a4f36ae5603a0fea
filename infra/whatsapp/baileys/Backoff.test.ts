import { assert, describe, it } from "@effect/vitest"
import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"
import * as Backoff from "./Backoff.ts"

const minute = 60_000
type Ended = readonly [reason: DisconnectReason, livedMs?: number]
const waits = (...ends: ReadonlyArray<Ended>) => {
  const wait = Backoff.make(Backoff.standard)
  return ends.map(([reason, livedMs]) => wait(reason, livedMs))
}
const repeat = (times: number, ended: Ended) => Array.from({ length: times }, () => ended)

describe("the wait before the next connection", () => {
  it("doubles up to a minute while no connection comes to work", () => {
    const failed = waits(...repeat(9, ["connect_timeout"]))
    assert.deepStrictEqual(failed, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, minute, minute, minute])
    assert.strictEqual(waits(...repeat(5_000, ["connection_lost"])).at(-1), minute)
  })

  it("is none after a cut of one that worked, and begins anew when the next does not come to work", () => {
    assert.deepStrictEqual(waits(...repeat(5, ["connection_lost", 200])), [0, 0, 0, 0, 0])
    const ends = waits(...repeat(3, ["server_closed"]), ["connection_lost", 1], ["server_closed"], ["server_closed"])
    assert.deepStrictEqual(ends, [1_000, 2_000, 4_000, 0, 1_000, 2_000])
  })

  it("grows after all when a connection opens and is cut at once, again and again, until one has lived", () => {
    const flaps = waits(...repeat(8, ["connection_lost", 1]), ["connection_lost", minute], ["connection_lost", 1])
    assert.deepStrictEqual(flaps, [0, 0, 0, 0, 0, 0, 1_000, 2_000, 0, 0])
    assert.strictEqual(waits(...repeat(5_000, ["connection_lost", 1])).at(-1), minute)
    assert.strictEqual(waits(...repeat(5_000, ["connection_lost", minute / 6])).at(-1), 0)
  })

  it("grows to an hour while the server refuses, and for nothing else", () => {
    const refused = waits(...repeat(4, ["refused"]), ...repeat(4, ["outdated"]), ["connect_timeout"], ["refused"])
    const minutes = refused.map((ms) => ms! / minute)
    assert.deepStrictEqual(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 1, 1])
  })

  it("grows to an hour for each way to be refused", () => {
    for (const reason of ["unauthorized", "client_refused", "pairing_refused"] as const) {
      const minutes = waits(...repeat(8, [reason])).map((ms) => ms! / minute)
      assert.deepStrictEqual(minutes, [1, 2, 4, 8, 16, 32, 60, 60])
    }
  })

  it("is hours while the account is banned, and has an end where only a person can lift the ban", () => {
    const hours = (...ends: ReadonlyArray<Ended>) => waits(...ends).map((ms) => ms && ms / minute / 60)
    for (const reason of ["banned", "locked"] as const) {
      assert.deepStrictEqual(hours(...repeat(5, [reason])), [1, 2, 4, 8, undefined])
    }
    assert.deepStrictEqual(hours(...repeat(7, ["temporarily_banned"])), [1, 2, 4, 8, 16, 24, 24])
    assert.deepStrictEqual(hours(["banned"], ["connection_lost", minute], ["banned"]), [1, 0, 1])
  })

  it("is none for what is to be expected, unless it follows one end after the other", () => {
    for (const reason of ["restarting", "pairing_timeout"] as const) {
      assert.deepStrictEqual(waits([reason], [reason], [reason], [reason, minute]), [0, 2_000, 4_000, 0])
    }
  })
})
