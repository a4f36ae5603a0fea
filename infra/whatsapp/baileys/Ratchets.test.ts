import { assert, describe, it } from "@effect/vitest"
import { positionOf, type Ratchet } from "./Ratchet.ts"
import * as Ratchets from "./Ratchets.ts"

const bob = "15550002.0"
/** As libsignal writes it, with as much of it as is looked at. */
const ratchet = (counter: number, used = 0): Ratchet => ({
  _sessions: {
    base: {
      _chains: {
        ours: { chainType: 1, chainKey: { counter, key: Buffer.alloc(32, counter).toString("base64") } },
        theirs: { chainType: 2, chainKey: { counter: used, key: "" } }
      },
      currentRatchet: { ephemeralKeyPair: { pubKey: "ours" } },
      indexInfo: { closed: -1 }
    }
  }
})
const counterOf = (value: Ratchet | undefined) => value && positionOf(value)?.counter

/** A disk that writes when it is told to. */
const disk = (rows: ReadonlyArray<readonly [string, Ratchet]> = []) => {
  const kept = new Map(rows)
  const open: Array<PromiseWithResolvers<void> & { readonly commit: () => void }> = []
  const put = (address: string, row: Ratchet | undefined) => {
    const write = Promise.withResolvers<void>()
    const commit = () => {
      if (row === undefined) kept.delete(address)
      else kept.set(address, row)
      write.resolve()
    }
    open.push({ ...write, commit })
    return write.promise
  }
  const ratchets = Ratchets.make({ read: (address) => kept.get(address), write: put })
  return {
    ratchets,
    kept,
    writes: () => open.length,
    commit: async () => {
      for (const write of open.splice(0)) write.commit()
      await new Promise(setImmediate)
    },
    fail: async () => {
      for (const write of open.splice(0)) write.reject(new Error("disk full"))
      await new Promise(setImmediate)
    },
    /** As the store of the keys does. */
    set: (changes: Ratchets.Changes) => {
      const { during, rows: changed } = ratchets.set(changes)
      return changed.length === 0 ? undefined : during(Promise.all(changed.map((row) => put(...row))).then(() => {}))
    }
  }
}
type Disk = ReturnType<typeof disk>

/** Encrypts one message, as a send does: what it is given, and what it writes down when the frame has left. */
const encrypt = async ({ commit, ratchets, set, writes }: Disk): Promise<number> => {
  const got = ratchets.get([bob])
  if (got instanceof Promise) assert.isAbove(writes(), 0)
  if (got instanceof Promise) await commit()
  const current = (await got)[bob]!
  const used = counterOf(current)! + 1
  const { key } = positionOf(current)!
  const [session] = Object.values(current._sessions!)
  const ours = { chainType: 1, chainKey: { counter: used, key } }
  void set({ [bob]: { _sessions: { base: { ...session!, _chains: { ...session!._chains, ours } } } } })
  return used
}

describe("what is on disk of a session", () => {
  it("is ahead of every key that was used, and hardly ever written", async () => {
    const world = disk([[bob, ratchet(0)]])
    let writes = 0
    for (let n = 1; n <= 500; n++) {
      const used = await encrypt(world)
      assert.strictEqual(used, n)
      assert.isAtLeast(counterOf(world.kept.get(bob))!, used)
      writes += world.writes()
      await world.commit()
    }
    assert.isBelow(writes, 20)
  })

  it("is where the next life begins: no key is used twice", async () => {
    const world = disk([[bob, ratchet(0)]])
    let last = 0
    for (let life = 1; life <= 20; life++) {
      const next = disk([...world.kept])
      for (let n = 0; n < life; n++) {
        const used = await encrypt(next)
        assert.isAbove(used, last)
        last = used
      }
      world.kept.set(bob, next.kept.get(bob)!) // what was not committed is gone
    }
  })

  it("is awaited before a session that is new, or has received, encrypts", async () => {
    const world = disk()
    for (const changed of [ratchet(0), ratchet(0, 1)]) {
      let isStored = false
      const stored = world.set({ [bob]: changed })?.then(() => {
        isStored = true
      })
      const got = world.ratchets.get([bob])
      assert.instanceOf(got, Promise)
      await new Promise(setImmediate)
      assert.isFalse(isStored)
      await world.commit()
      await stored
      assert.deepStrictEqual((await got)[bob], changed)
      assert.isAbove(counterOf(world.kept.get(bob))!, 0)
      assert.notInstanceOf(world.ratchets.get([bob]), Promise)
    }
  })

  it("may come later of a session that we begin, as long as it encrypts nothing", async () => {
    const world = disk()
    const { _sessions } = ratchet(-1)
    const begun = { _sessions: { base: { ..._sessions!.base!, pendingPreKey: {} } } }
    assert.isTrue(world.ratchets.set({ [bob]: begun }).mayWait)
    assert.isFalse(world.ratchets.set({ [bob]: begun, "15550003.0": ratchet(3) }).mayWait)
    assert.isFalse(world.ratchets.set({ [bob]: null }).mayWait)
  })

  it("takes a deletion, and is seen without it at once", async () => {
    const world = disk([[bob, ratchet(0)]])
    const gone = world.set({ [bob]: null })
    assert.deepStrictEqual(world.ratchets.get([bob]), {})
    await world.commit()
    await gone
    assert.isFalse(world.kept.has(bob))
  })

  it("when it cannot be written gives nobody a key", async () => {
    const world = disk([[bob, ratchet(0)]])
    const get = () => Promise.resolve(world.ratchets.get([bob])).catch((error) => error)
    const got = get()
    await world.fail()
    assert.instanceOf(await got, Error)
    assert.instanceOf(await get(), Error)
  })

  it("is not asked while it is behind, however many there are", async () => {
    const addresses = Array.from({ length: 600 }, (_, n) => `${n}.0`)
    const world = disk(addresses.map((address) => [address, ratchet(0)]))
    const stored = addresses.map((address) => world.set({ [address]: ratchet(0, 1) }))
    const got = world.ratchets.get(addresses)
    await world.commit()
    await Promise.all(stored)
    assert.deepStrictEqual(await got, Object.fromEntries(addresses.map((address) => [address, ratchet(0, 1)])))
  })
})
