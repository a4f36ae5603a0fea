import { hkdfSync } from "node:crypto"
import type { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { concat, fromHex, fromUtf8, utf8 } from "#domain/Bytes.ts"
import type { DeviceId } from "#domain/Ids.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import { sealedBlobs } from "../../crypto/SealedBlob.ts"
import * as Database from "../../sqlite/Database.ts"
import * as GroupCommit from "../../sqlite/GroupCommit.ts"
import { inTransaction } from "../../sqlite/Transaction.ts"
import { type Row, recalling } from "./RecalledRows.ts"

/** One device's rows, for the one connection that holds them: a later `claim` ends this one's right to write. */
export interface DeviceRows {
  /** Throws when the row was written under another key, for another place, or was changed. */
  readonly get: (type: string, id: string) => string | undefined
  /** All rows or none, durable when it returns. Throws when it did not happen. */
  readonly put: (rows: ReadonlyArray<Row>) => void
  /** The same, together with what others write at the time; in the order of the calls. Durable when it resolves. */
  readonly write: (rows: ReadonlyArray<Row>) => Promise<void>
  readonly clear: () => void
}

export interface AuthFile {
  readonly claim: (device: DeviceId) => DeviceRows
  readonly has: (device: DeviceId, type: string, id: string) => boolean
  /** Whoever holds the device's rows. Throws as theirs does. */
  readonly get: (device: DeviceId, type: string, id: string) => string | undefined
  /** Deletes a device's rows, and keeps in their place that this was meant. Throws when it did not happen. */
  readonly forget: (device: DeviceId) => void
  /** Whether its rows are gone because it was forgotten. Throws when the row that says so cannot be read. */
  readonly isForgotten: (device: DeviceId) => boolean
}

const forgotten = ["forgotten", ""] as const

const boxVersion = Uint8Array.of(1)

const schema = `
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS auth (device TEXT NOT NULL, name BLOB NOT NULL, box BLOB NOT NULL, PRIMARY KEY (device, name))`

/** Fields cannot run into each other: each is behind its length, in four bytes, as in every file there is. */
const framed = (fields: ReadonlyArray<string>): Uint8Array =>
  concat(
    ...fields.map(utf8).flatMap((bytes) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    })
  )

/** Every commit is on disk when it returns, and what is deleted is overwritten. */
export const connect = (path: string): DatabaseSync => {
  try {
    return Database.connect(path, { durability: "commit", schema })
  } catch (cause) {
    throw new Database.DatabaseNotOpened({ file: path, cause })
  }
}

interface Written {
  readonly device: string
  readonly rows: ReadonlyArray<Row>
}

/**
 * The credentials of all devices in one SQLite file, sealed under `key` (32 bytes), which is never in it. Row names are
 * keyed digests, since Signal's own ids contain phone numbers. Fails when the file belongs to another key: going on
 * with fresh credentials would silently unlink every device.
 */
export const open = Effect.fnUntraced(function* (crypto: Crypto["Service"], path: string, key: Uint8Array) {
  const attempt = <A>(work: () => A) => Effect.try({ try: work, catch: (cause) => cause })
  const db = yield* Effect.acquireRelease(
    attempt(() => connect(path)),
    (opened) => Effect.sync(() => opened.close())
  )
  const table = yield* attempt(() => tableOf(crypto, db, path, key))
  const together = yield* GroupCommit.make<Written>(db, (all) => {
    for (const { device, rows } of all) table.written(device, rows)
  })

  const holders = new Map<DeviceId, DeviceRows>()
  const claim = (device: DeviceId): DeviceRows => {
    const owned = <A>(write: () => A): A => {
      if (holders.get(device) !== rows) throw new Error("another connection holds these credentials now")
      return write()
    }
    const rows: DeviceRows = {
      get: (type, id) => table.get(device, type, id),
      put: (changes) => owned(() => table.put(device, changes)),
      write: (changes) => {
        const insert = together.write(() =>
          owned(() => {
            table.insert(device, changes)
            return { device, rows: changes }
          })
        )
        return Effect.runPromise(Effect.asVoid(insert)).catch((cause) => {
          table.written(device, changes) // or not: who reads next will see
          throw cause
        })
      },
      clear: () => owned(() => table.clear(device))
    }
    holders.set(device, rows)
    return rows
  }

  const file: AuthFile = {
    claim,
    get: table.get,
    has: table.has,
    forget: (device) => {
      holders.delete(device)
      table.forget(device)
    },
    isForgotten: (device) => table.get(device, ...forgotten) !== undefined
  }
  return file
})

const tableOf = (crypto: Crypto["Service"], db: DatabaseSync, path: string, key: Uint8Array) => {
  if (key.length !== 32) throw new Error("the key of the credentials file must have 32 bytes")
  const subkey = (use: string) => new Uint8Array(hkdfSync("sha256", key, "", `homing/whatsapp/auth/1/${use}`, 32))
  const blobs = sealedBlobs(crypto, crypto.cipherKey(subkey("box")))
  const nameKey = crypto.macKey(subkey("name"))

  const select = db.prepare("SELECT box FROM auth WHERE device = ? AND name = ?")
  const upsert = db.prepare(
    "INSERT INTO auth VALUES (?, ?, ?) ON CONFLICT (device, name) DO UPDATE SET box = excluded.box"
  )
  const remove = db.prepare("DELETE FROM auth WHERE device = ? AND name = ?")
  const removeDevice = db.prepare("DELETE FROM auth WHERE device = ?")

  const place = (device: string, type: string, id: string) => framed(["auth", device, type, id])
  const nameOf = (at: Uint8Array) => fromHex(crypto.mac(nameKey, at, "hex"))

  const seal = (at: Uint8Array, value: string) => concat(boxVersion, blobs.seal(utf8(value), at))
  const unseal = (at: Uint8Array, box: Uint8Array): string => {
    if (box[0] !== boxVersion[0]) throw new Error("not a sealed row")
    return fromUtf8(blobs.open(box.subarray(1), at))
  }

  const read = (device: string, type: string, id: string): string | undefined => {
    const at = place(device, type, id)
    const row = select.get(device, nameOf(at))
    return row === undefined ? undefined : unseal(at, row.box as Uint8Array)
  }

  const { cleared, get, written } = recalling(read)

  const insert = (device: string, rows: ReadonlyArray<Row>) => {
    for (const { type, id, value } of rows) {
      const at = place(device, type, id)
      if (value === undefined) remove.run(device, nameOf(at))
      else upsert.run(device, nameOf(at), seal(at, value))
    }
  }
  const put = (device: string, rows: ReadonlyArray<Row>) => {
    try {
      inTransaction(db, () => insert(device, rows))
    } finally {
      written(device, rows) // or not: who reads next will see
    }
  }
  const clear = (device: DeviceId) => {
    removeDevice.run(device)
    cleared()
  }
  const forget = (device: DeviceId) => {
    const [type, id] = forgotten
    inTransaction(db, () => {
      removeDevice.run(device)
      insert(device, [{ type, id, value: "" }])
    })
    cleared()
  }

  const proof = ["", "proof", "of key"] as const
  try {
    if (get(...proof) === undefined) {
      if (db.prepare("SELECT 1 FROM auth LIMIT 1").get() !== undefined) throw new Error("no row is under this key")
      put(proof[0], [{ type: proof[1], id: proof[2], value: "" }])
    }
  } catch (cause) {
    throw new Error(
      `the credentials file ${path} cannot be opened with this key. Put back the secret whatsapp-auth that goes with it`,
      { cause }
    )
  }

  return {
    get,
    has: (device: DeviceId, type: string, id: string) =>
      select.get(device, nameOf(place(device, type, id))) !== undefined,
    insert,
    put,
    written,
    clear,
    forget
  }
}
