import { assert, describe, it } from "@effect/vitest"
import { initAuthCreds, type SignalDataSet } from "@whiskeysockets/baileys"
import { pino } from "pino"
import { memoryKeys } from "../simulator/MemoryKeys.ts"
import { configure } from "./Config.ts"

const logger = pino({ level: "silent" })
const settings = {
  webSocketUrl: undefined,
  version: undefined,
  connectTimeoutMs: 1,
  lookupTimeoutMs: 1,
  ackTimeoutMs: 1,
  qrTimeoutMs: undefined,
  history: "recent" as const,
  presence: false
}

/** What Baileys is given of one connection, and everything that it stores. */
const connection = () => {
  const stored: Array<SignalDataSet> = []
  const keys = memoryKeys()
  const set = (data: SignalDataSet) => {
    stored.push(data)
    return keys.set(data)
  }
  const state = { creds: initAuthCreds(), keys: { ...keys, set } }
  const config = configure({
    auth: { state, notes: { get: () => undefined, set: () => {} }, paired: () => true, save: () => {} },
    settings,
    pairing: undefined,
    copyFor: async () => undefined,
    durably: (work) => work()
  })
  return { config, stored }
}

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length

describe("what Baileys remembers", () => {
  it("of numbers and their LIDs is bounded, without timers, and what has fallen out is known all the same", async () => {
    const { config } = connection()
    const keys = {
      ...config.auth.keys,
      transaction: <A>(work: () => Promise<A>) => work(),
      isInTransaction: () => false
    }
    const { lidMapping } = config.makeSignalRepository!({ creds: config.auth.creds, keys }, logger)
    const before = timers()
    for (let n = 0; n < 3_000; n += 100) {
      const pairs = Array.from({ length: 100 }, (_, i) => ({ lid: `9${n + i}@lid`, pn: `1${n + i}@s.whatsapp.net` }))
      await lidMapping.storeLIDPNMappings(pairs)
    }
    const { size } = Reflect.get(lidMapping, "mappingCache")
    assert.isAtMost(size, 2_048)
    assert.isAtMost(timers() - before, 1)
    assert.strictEqual(await lidMapping.getLIDForPN("10@s.whatsapp.net"), "90@lid")
    assert.strictEqual(await lidMapping.getPNForLID("90@lid"), "10:0@s.whatsapp.net")
  })

  it("of everything that it takes a cache for is bounded, without timers", async () => {
    const { config } = connection()
    const before = timers()
    for (const name of [
      "callOfferCache",
      "msgRetryCounterCache",
      "placeholderResendCache",
      "userDevicesCache"
    ] as const) {
      const cache = config[name]!
      for (let n = 0; n < 3_000; n++) await cache.set(`${n}`, n)
      const known = await Promise.all(Array.from({ length: 3_000 }, (_, n) => cache.get(`${n}`)))
      assert.strictEqual(known.filter((value) => value !== undefined).length, 2_048, name)
      assert.strictEqual(await cache.get("2999"), 2_999)
    }
    assert.strictEqual(timers(), before)
  })

  it("of whom it ever sent a token to is neither written nor read: that list grew with every send", async () => {
    const { config, stored } = connection()
    const token = { token: Buffer.alloc(1), timestamp: "1" }
    await config.auth.keys.set({ tctoken: { "1@lid": token, __index: token } })
    await config.auth.keys.set({ tctoken: { __index: token } })
    assert.deepStrictEqual(stored, [{ tctoken: { "1@lid": token } }])
    assert.deepStrictEqual(Object.keys(await config.auth.keys.get("tctoken", ["1@lid", "__index"])), ["1@lid"])
  })
})
