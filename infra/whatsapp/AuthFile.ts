import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto"
import { closeSync, openSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import type { DeviceId } from "#domain/Ids.ts"

/** One value of one device. `value: undefined` deletes the row. */
export type Row = { readonly type: string; readonly id: string; readonly value: string | undefined }

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
  readonly forget: (device: DeviceId) => void
  readonly close: () => void
}

const boxVersion = 1
const ivLength = 12
const tagLength = 16

/** Fields cannot run into each other: each is preceded by its length. */
const framed = (fields: ReadonlyArray<string>): Buffer =>
  Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    })
  )

/** Every commit is on disk when it returns, and what is deleted is overwritten. */
export const connect = (path: string): DatabaseSync => {
  if (path !== ":memory:") closeSync(openSync(path, "a", 0o600)) // SQLite would let the umask decide
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS auth (device TEXT NOT NULL, name BLOB NOT NULL, box BLOB NOT NULL, PRIMARY KEY (device, name))`)
  return db
}

/**
 * The credentials of all devices in one SQLite file, sealed under `key` (32 bytes), which is never in it. Row names are
 * keyed digests, since Signal's own ids contain phone numbers. Throws when the file belongs to another key: going on
 * with fresh credentials would silently unlink every device.
 */
export const open = (path: string, key: Uint8Array): AuthFile => {
  if (key.length !== 32) throw new Error("the key of the credentials file must have 32 bytes")
  const subkey = (use: string) => Buffer.from(hkdfSync("sha256", key, "", `homing/whatsapp/auth/1/${use}`, 32))
  const [boxKey, nameKey] = [subkey("box"), subkey("name")]

  const db = connect(path)
  const select = db.prepare("SELECT box FROM auth WHERE device = ? AND name = ?")
  const upsert = db.prepare("INSERT INTO auth VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET box = excluded.box")
  const remove = db.prepare("DELETE FROM auth WHERE device = ? AND name = ?")
  const removeDevice = db.prepare("DELETE FROM auth WHERE device = ?")

  const place = (device: string, type: string, id: string) => framed(["auth", device, type, id])
  const nameOf = (at: Buffer) => createHmac("sha256", nameKey).update(at).digest()

  const seal = (at: Buffer, value: string): Buffer => {
    const iv = randomBytes(ivLength)
    const cipher = createCipheriv("aes-256-gcm", boxKey, iv).setAAD(at)
    return Buffer.concat([Buffer.of(boxVersion), iv, cipher.update(value), cipher.final(), cipher.getAuthTag()])
  }

  const unseal = (at: Buffer, box: Uint8Array): string => {
    if (box[0] !== boxVersion || box.length < 1 + ivLength + tagLength) throw new Error("not a sealed row")
    const decipher = createDecipheriv("aes-256-gcm", boxKey, box.subarray(1, 1 + ivLength))
    decipher.setAAD(at).setAuthTag(box.subarray(-tagLength))
    return decipher.update(box.subarray(1 + ivLength, -tagLength), undefined, "utf8") + decipher.final("utf8")
  }

  const get = (device: string, type: string, id: string): string | undefined => {
    const at = place(device, type, id)
    const row = select.get(device, nameOf(at))
    return row === undefined ? undefined : unseal(at, row.box as Uint8Array)
  }

  const put = (device: string, rows: ReadonlyArray<Row>) => {
    db.exec("BEGIN IMMEDIATE")
    try {
      for (const { type, id, value } of rows) {
        const at = place(device, type, id)
        if (value === undefined) remove.run(device, nameOf(at))
        else upsert.run(device, nameOf(at), seal(at, value))
      }
      db.exec("COMMIT")
    } catch (cause) {
      if (db.isTransaction) db.exec("ROLLBACK")
      throw cause
    }
  }

  const proof = ["", "proof", "of key"] as const
  try {
    if (get(...proof) === undefined) {
      if (db.prepare("SELECT 1 FROM auth LIMIT 1").get() !== undefined) throw new Error("no row is under this key")
      put(proof[0], [{ type: proof[1], id: proof[2], value: "" }])
    }
  } catch (cause) {
    db.close()
    throw new Error("the credentials file cannot be opened with this key", { cause })
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
      clear: () => owned(() => void removeDevice.run(device))
    }
    holders.set(device, rows)
    return rows
  }

  return {
    claim,
    has: (device, type, id) => select.get(device, nameOf(place(device, type, id))) !== undefined,
    forget: (device) => {
      holders.delete(device)
      removeDevice.run(device)
    },
    close: () => db.close()
  }
}
