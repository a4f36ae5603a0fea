import "./QuietLibsignal.ts"
import { assert, describe, it } from "@effect/vitest"
import { addTransactionCapability, DEFAULT_CONNECTION_CONFIG, initAuthCreds } from "@whiskeysockets/baileys"
import { pino } from "pino"
import { memoryKeys } from "../simulator/MemoryKeys.ts"
import { toSession } from "../simulator/PreKeyBundle.ts"
import { SignalPeer } from "../simulator/SignalPeer.ts"
import { ahead, at, between, notBehind, positionOf, type Ratchet } from "./Ratchet.ts"

const jid = "15550002@s.whatsapp.net"
const own = "15550001:3@s.whatsapp.net"
const address = "15550002.0"
const silent = pino({ level: "silent" })

/** One end of a session with a phone, by libsignal itself. */
const sessionWith = async (phone: SignalPeer) => {
  const store = memoryKeys()
  const keys = addTransactionCapability(store, silent, { maxCommitRetries: 1, delayBetweenTriesMs: 0 })
  const signal = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds: initAuthCreds(), keys },
    silent,
    async () => []
  )
  await signal.injectE2ESession({ jid, session: toSession(await phone.takeBundle()) })
  return {
    encrypt: (text: string) => signal.encryptMessage({ jid, data: padded(text) }),
    read: async (): Promise<Ratchet> => JSON.parse(JSON.stringify((await store.get("session", [address]))[address])),
    put: (ratchet: Ratchet) => store.set({ session: { [address]: ratchet as unknown as Uint8Array } })
  }
}
const padded = (text: string) => Buffer.concat([proto(text), Buffer.of(1)])
const proto = (text: string) => Buffer.concat([Buffer.of(0x0a, text.length), Buffer.from(text)])
const opens = async (
  phone: SignalPeer,
  { ciphertext, type }: { readonly type: string; readonly ciphertext: Uint8Array }
) => (await phone.decrypt(own, { tag: "enc", attrs: { type }, content: ciphertext })).conversation

describe("a ratchet", () => {
  it("is where libsignal's own is after as many messages", async () => {
    const { encrypt, read } = await sessionWith(new SignalPeer())
    await encrypt("one")
    const before = await read()
    for (const text of ["two", "three", "four"]) await encrypt(text)
    assert.deepStrictEqual(ahead(before, 3), await read())
    assert.strictEqual(between(before, await read()), 3)
    assert.strictEqual(between(await read(), before), undefined)
  })

  it("that skips keys is followed by the phone, which also opens what it skipped", async () => {
    const phone = new SignalPeer()
    const { encrypt, put, read } = await sessionWith(phone)
    const first = await encrypt("first")
    const late = await encrypt("late")
    await put(ahead(await read(), 64))
    assert.strictEqual(await opens(phone, first), "first")
    assert.strictEqual(await opens(phone, await encrypt("after")), "after")
    assert.strictEqual(await opens(phone, late), "late")
  })

  it("that went back in time is not: hence all this", async () => {
    const phone = new SignalPeer()
    const { encrypt, put, read } = await sessionWith(phone)
    const before = await read()
    assert.strictEqual(await opens(phone, await encrypt("first")), "first")
    await put(before)
    const again = await encrypt("second")
    assert.isTrue(
      await opens(phone, again).then(
        () => false,
        () => true
      )
    )
  })

  it("is not on the way to one that differs in anything else", async () => {
    const { encrypt, read } = await sessionWith(new SignalPeer())
    await encrypt("one")
    const now = await read()
    const later = ahead(now, 5)
    const [name, session] = Object.entries(now._sessions!)[0]!
    const differing = {
      ...later,
      _sessions: { [name]: { ...Object.values(later._sessions!)[0]!, indexInfo: { ...session.indexInfo, used: 1 } } }
    }
    assert.strictEqual(between(now, later), 5)
    assert.strictEqual(between(now, differing), undefined)
    assert.strictEqual(between(now, { ...later, _sessions: { ...later._sessions, other: session } }), undefined)
  })

  it("does not go back behind what was used, whoever writes it last", async () => {
    const { encrypt, read } = await sessionWith(new SignalPeer())
    const earlier = await read()
    await encrypt("one")
    const known = await read()
    assert.deepStrictEqual(positionOf(notBehind(earlier, known)), positionOf(known))
    assert.strictEqual(notBehind(known, earlier), known)
    assert.deepStrictEqual(at(known, positionOf(earlier)!), at(earlier, positionOf(earlier)!))
  })
})
