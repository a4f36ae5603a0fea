import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { BufferJSON, proto } from "@whiskeysockets/baileys"
import { Effect, Exit, Scope } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { crypto } from "../../crypto/NodeCrypto.ts"
import * as AuthFile from "./AuthFile.ts"
import * as AuthState from "./AuthState.ts"

const key = Buffer.alloc(32, 7)
const [home, office] = ["0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a01", "0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a02"].map((id) =>
  DeviceId.make(id)
) as [DeviceId, DeviceId]
const session = (fill: number) => ({ session: { "15550002.0": new Uint8Array(40).fill(fill) } })

/** Under `key`: the proof that it is the right one, and a row of a paired device. A file like this is out there. */
const kept = [
  [
    "",
    "1FC83A21D2ABA734376878019A0D987FED720F48F610305ED320BF90D1800720",
    "019CC42A187B704EC41813D4C4B756864D46C0BAAEFC1355A39CA5FE74"
  ],
  [
    home,
    "5A0068E9076AA2E3A59FBB5F40DA712FB4FBD5B08528C74B1ECF9E1B48F3ADA3",
    "01E6F1DDAA39D0046716CD11A38DF98614A868DB8BD27A8ECC93968459EE136BDC1E1C506B28"
  ]
] as const

let folder: string
let path: string
const opened: Array<Scope.Closeable> = []
const close = (scope: Scope.Closeable) => Effect.runSync(Scope.close(scope, Exit.void))
const open = (withKey: Uint8Array = key) => {
  const scope = Scope.makeUnsafe()
  opened.push(scope)
  const file = Effect.runSync(Scope.provide(AuthFile.open(crypto, path, withKey), scope))
  return { ...file, close: () => close(scope) }
}
const sqlite = <A>(use: (db: DatabaseSync) => A): A => {
  const db = new DatabaseSync(path)
  try {
    return use(db)
  } finally {
    db.close()
  }
}
const pair = (auth: AuthState.AuthState) => {
  auth.state.creds.me = { id: "15550001:3@s.whatsapp.net", name: "Ada" }
  auth.state.creds.account = { details: new Uint8Array([1, 2, 3]) }
  auth.save()
}
const refuses = async (write: void | Promise<void>, why: string) => {
  const refused: unknown = await Promise.resolve(write).catch((error) => error.cause)
  assert.include(String(refused), why)
}
const sessionOf = (auth: AuthState.AuthState) => auth.state.keys.get("session", ["15550002.0"])

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "homing-auth-"))
  path = join(folder, "auth.db")
})
afterEach(() => {
  opened.splice(0).forEach(close)
  rmSync(folder, { recursive: true })
})

describe("what is kept", () => {
  it("gives a paired device's credentials and keys back after a restart", async () => {
    const before = open()
    const auth = AuthState.load(before, home)
    pair(auth)
    await auth.state.keys.set({
      ...session(1),
      "pre-key": { "1": { public: new Uint8Array([1]), private: new Uint8Array([2]) } },
      "app-state-sync-key": { k: proto.Message.AppStateSyncKeyData.fromObject({ keyData: new Uint8Array([9]) }) }
    })
    before.close()

    const again = AuthState.load(open(), home)
    assert.isTrue(again.paired())
    const written = (creds: unknown) => JSON.stringify(creds, BufferJSON.replacer)
    assert.strictEqual(written(again.state.creds), written(auth.state.creds))
    const { keys } = again.state
    assert.deepStrictEqual(await keys.get("session", ["15550002.0", "15550003.0"]), {
      "15550002.0": Buffer.alloc(40, 1)
    })
    assert.deepStrictEqual((await keys.get("pre-key", ["1"]))["1"]?.private, Buffer.from([2]))
    const syncKey = (await keys.get("app-state-sync-key", ["k"])).k
    assert.instanceOf(syncKey, proto.Message.AppStateSyncKeyData)
    assert.deepStrictEqual(Buffer.from(syncKey?.keyData ?? []), Buffer.from([9]))
  })

  it("keeps nothing of a device that is not paired yet", () => {
    const file = open()
    const auth = AuthState.load(file, home)
    auth.state.creds.me = { id: "15550001@s.whatsapp.net", name: "~" } // as asking for a pairing code leaves it
    auth.save()
    const again = AuthState.load(file, home)
    assert.isFalse(again.paired())
    assert.isUndefined(again.state.creds.me)
    assert.notDeepEqual(again.state.creds.noiseKey, auth.state.creds.noiseKey)
  })

  it("deletes what is set to null, clears keys left without credentials when it is to be paired, and forgets one device alone", async () => {
    const file = open()
    const first = AuthState.load(file, home)
    const second = AuthState.load(file, office)
    for (const auth of [first, second]) {
      pair(auth)
      await auth.state.keys.set(session(1))
    }
    await first.state.keys.set({ session: { "15550002.0": null } })
    assert.deepStrictEqual(await sessionOf(first), {})

    file.forget(home)
    assert.isFalse(AuthState.isPaired(file, home))
    assert.isTrue(AuthState.isPaired(file, office))
    assert.deepStrictEqual(await sessionOf(AuthState.load(file, office)), { "15550002.0": Buffer.alloc(40, 1) })

    const unpaired = AuthState.load(file, home)
    await unpaired.state.keys.set(session(2))
    assert.deepStrictEqual(await sessionOf(AuthState.load(file, home)), { "15550002.0": Buffer.alloc(40, 2) })
    assert.deepStrictEqual(await sessionOf(AuthState.load(file, home, true)), {})
  })
})

describe("what is never lost or mixed", () => {
  it("reads a file as it was written once", () => {
    open().close()
    sqlite((db) => {
      const insert = db.prepare("INSERT INTO auth VALUES (?, unhex(?), unhex(?))")
      db.exec("DELETE FROM auth")
      for (const row of kept) insert.run(...row)
    })
    assert.strictEqual(open().claim(home).get("lid-mapping", "15550002"), '"kept é"')
  })

  it("writes all rows of a set or none", async () => {
    const file = open()
    const auth = AuthState.load(file, home)
    pair(auth)
    await auth.state.keys.set(session(1))
    // The second row of the next set meets a failing disk; RAISE(FAIL) alone would keep the first.
    sqlite((db) => {
      db.exec(`CREATE TRIGGER fail BEFORE INSERT ON auth WHEN (SELECT count(*) FROM auth) >= 4
        BEGIN SELECT RAISE(FAIL, 'no space left'); END`)
    })
    const two = { "sender-key": { a: new Uint8Array([1]) }, "identity-key": { b: new Uint8Array([2]) } }
    await refuses(auth.state.keys.set({ ...session(2), ...two }), "no space left")
    const next = AuthState.load(file, home)
    assert.deepStrictEqual(await sessionOf(next), { "15550002.0": Buffer.alloc(40, 1) })
    assert.deepStrictEqual(await next.state.keys.get("sender-key", ["a"]), {})

    sqlite((db) => db.exec("DROP TRIGGER fail"))
    await next.state.keys.set({ ...session(2), ...two })
    assert.deepStrictEqual(await sessionOf(AuthState.load(file, home)), { "15550002.0": Buffer.alloc(40, 2) })
  })

  it("refuses writes of a connection that another has followed", async () => {
    const file = open()
    const old = AuthState.load(file, home)
    pair(old)
    const now = AuthState.load(file, home)
    await now.state.keys.set(session(2))
    await refuses(old.state.keys.set(session(1)), "another connection")
    assert.throws(old.save, "another connection")
    assert.deepStrictEqual(await sessionOf(now), { "15550002.0": Buffer.alloc(40, 2) })
  })

  it("is as durable as SQLite can be, and readable by its owner alone", () => {
    const db = AuthFile.connect(path)
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0]
    assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    assert.strictEqual(pragma("journal_mode"), "wal")
    assert.deepStrictEqual(["synchronous", "fullfsync", "secure_delete"].map(pragma), [2, 1, 1])
    db.close()
  })
})

describe("what a thief or an accident finds", () => {
  it("opens under its own key only", () => {
    const file = open()
    pair(AuthState.load(file, home))
    file.close()
    assert.throws(() => open(Buffer.alloc(32, 8)), "cannot be opened with this key")
    assert.throws(() => open(Buffer.alloc(16, 7)), "32 bytes")
    assert.isTrue(AuthState.load(open(), home).paired())
  })

  it("throws on a torn row and on a row moved from another place", () => {
    const file = open()
    pair(AuthState.load(file, home))
    pair(AuthState.load(file, office))
    const rowOf = (device: DeviceId) =>
      sqlite((db) => db.prepare("SELECT name, box FROM auth WHERE device = ?").get(device)) as
        | { readonly name: Uint8Array; readonly box: Uint8Array }
        | undefined
    const [whole, place] = [rowOf(office)!.box, rowOf(office)!.name]
    const changed = Uint8Array.from(whole, (byte, at) => (at === 20 ? byte ^ 1 : byte))
    const replaceBy = (box: Uint8Array) =>
      sqlite((db) => db.prepare("UPDATE auth SET box = ? WHERE name = ?").run(box, place))

    for (const box of [rowOf(home)!.box, changed, whole.subarray(0, 40), Uint8Array.of(1), new Uint8Array()]) {
      replaceBy(box)
      assert.throws(() => AuthState.load(file, office))
      assert.isTrue(AuthState.isPaired(file, office), "it was not replaced by fresh credentials")
    }
  })

  it("holds neither keys nor names in the clear", async () => {
    const file = open()
    const auth = AuthState.load(file, home)
    pair(auth)
    await auth.state.keys.set({ ...session(1), "lid-mapping": { "15550002": "200015550002" } })
    const { creds } = auth.state
    const bytes = Buffer.concat([path, `${path}-wal`].map((name) => readFileSync(name)))
    for (const secret of [creds.noiseKey.private, creds.signedIdentityKey.private]) {
      assert.isFalse(bytes.includes(Buffer.from(secret)))
      assert.isFalse(bytes.includes(Buffer.from(secret).toString("base64")))
    }
    for (const name of ["15550001", "15550002", "Ada", "noiseKey", creds.advSecretKey]) {
      assert.isFalse(bytes.includes(name), name)
    }
    assert.isTrue(bytes.includes(home), "the search looks at the right bytes")
  })
})
