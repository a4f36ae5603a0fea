import { hkdfSync } from "node:crypto"
import type { DatabaseSync } from "node:sqlite"
import { concat, fromHex, fromUtf8, utf8 } from "#domain/Bytes.ts"
import type { DeviceId } from "#domain/Ids.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import { sealedBlobs } from "../../crypto/SealedBlob.ts"
import * as Database from "../../sqlite/Database.ts"
import { inTransaction } from "../../sqlite/Transaction.ts"
import { type Row, recalling } from "./RecalledRows.ts"

/** One device's rows, for the one connection that holds them: a later `claim` ends this one's right to write. */
export interface DeviceRows {
  /** Throws when the row was written under another key, for another place, or was changed. */
  readonly get: (type: string, id: string) => string | undefined
  /** All rows or none, durable when it returns. Throws when it did not happen. */
  readonly put: (rows: ReadonlyArray<Row>) => void
  readonly clear: () => void
}

export interface AuthFile {
  readonly claim: (device: DeviceId) => DeviceRows
  readonly has: (device: DeviceId, type: string, id: string) => boolean
  /** Whoever holds the device's rows. Throws as theirs does. */
  readonly get: (device: DeviceId, type: string, id: string) => string | undefined
  readonly forget: (device: DeviceId) => void
  readonly close: () => void
}

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

/**
 * The credentials of all devices in one SQLite file, sealed under `key` (32 bytes), which is never in it. Row names are
 * keyed digests, since Signal's own ids contain phone numbers. Throws when the file belongs to another key: going on
 * with fresh credentials would silently unlink every device.
 */
export const open = (crypto: Crypto["Service"], path: string, key: Uint8Array): AuthFile => {
  if (key.length !== 32) throw new Error("the key of the credentials file must have 32 bytes")
  const subkey = (use: string) => new Uint8Array(hkdfSync("sha256", key, "", `homing/whatsapp/auth/1/${use}`, 32))
  const blobs = sealedBlobs(crypto, crypto.cipherKey(subkey("box")))
  const nameKey = crypto.macKey(subkey("name"))

  const db = connect(path)
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

  const put = (device: string, rows: ReadonlyArray<Row>) => {
    try {
      inTransaction(db, () => {
        for (const { type, id, value } of rows) {
          const at = place(device, type, id)
          if (value === undefined) remove.run(device, nameOf(at))
          else upsert.run(device, nameOf(at), seal(at, value))
        }
      })
    } finally {
      written(device, rows) // or not: who reads next will see
    }
  }
  const clear = (device: DeviceId) => {
    removeDevice.run(device)
    cleared()
  }

  const proof = ["", "proof", "of key"] as const
  try {
    if (get(...proof) === undefined) {
      if (db.prepare("SELECT 1 FROM auth LIMIT 1").get() !== undefined) throw new Error("no row is under this key")
      put(proof[0], [{ type: proof[1], id: proof[2], value: "" }])
    }
  } catch (cause) {
    db.close()
    throw new Error(
      `the credentials file ${path} cannot be opened with this key. Put back the secret whatsapp-auth that goes with it`,
      { cause }
    )
  }

  const holders = new Map<DeviceId, DeviceRows>()
  const claim = (device: DeviceId): DeviceRows => {
    const owned = (write: () => void) => {
      if (holders.get(device) !== rows) throw new Error("another connection holds these credentials now")
      write()
    }
    const rows: DeviceRows = {
      get: (type, id) => get(device, type, id),
      put: (changes) => owned(() => put(device, changes)),
      clear: () => owned(() => clear(device))
    }
    holders.set(device, rows)
    return rows
  }

  return {
    claim,
    get,
    has: (device, type, id) => select.get(device, nameOf(place(device, type, id))) !== undefined,
    forget: (device) => {
      holders.delete(device)
      clear(device)
    },
    close: () => db.close()
  }
}
