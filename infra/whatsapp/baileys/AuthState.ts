import "./QuietLibsignal.ts"
import { type AuthenticationState, initAuthCreds } from "@whiskeysockets/baileys"
import type { DeviceId } from "#domain/Ids.ts"
import type { AuthFile } from "./AuthFile.ts"
import * as Keys from "./Keys.ts"
import { freeze, revive, rowOf } from "./RowValues.ts"

export interface Notes {
  readonly get: (type: string, id: string) => unknown
  /** Durable when it returns; `undefined` deletes. */
  readonly set: (type: string, id: string, value: unknown) => void
}

/** What Baileys wants to know of a device, kept in the credentials file. */
export interface AuthState {
  readonly state: AuthenticationState
  /** The same rows, by type and id; what we learn beside Baileys is kept with them, and goes with them. */
  readonly notes: Notes
  readonly paired: () => boolean
  /**
   * Writes the credentials whole once the device is paired. Before that nothing is kept: asking for a pairing code
   * marks the credentials, and after an attempt that failed only fresh ones work.
   */
  readonly save: () => void
}

const credentials = ["creds", ""] as const

/** Whether the device was ever paired and is not forgotten. */
export const isPaired = (file: AuthFile, device: DeviceId): boolean => file.has(device, ...credentials)

const reading =
  (get: (type: string, id: string) => string | undefined): Notes["get"] =>
  (type, id) => {
    const value = get(type, id)
    return value === undefined ? undefined : revive(value)
  }

/** A device's notes as they stand, whether or not it is connected. */
export const readNotes = (file: AuthFile, device: DeviceId): Pick<Notes, "get"> => ({
  get: reading((type, id) => file.get(device, type, id))
})

/**
 * A device's state, fresh if it has none. `pairing`: it is to be paired, and what is left without credentials is cleared;
 * else it stays. Throws, rather than start afresh, when a row cannot be read.
 */
export const load = (file: AuthFile, device: DeviceId, pairing = false): AuthState => {
  const rows = file.claim(device)
  const stored = rows.get(...credentials)
  if (stored === undefined && pairing) rows.clear()
  const creds: AuthenticationState["creds"] = stored === undefined ? initAuthCreds() : revive(stored)
  const paired = () => creds.account !== undefined

  return {
    state: { creds, keys: Keys.make(rows) },
    notes: {
      get: reading(rows.get),
      set: (type, id, value) => rows.put([rowOf(type, id, value)])
    },
    paired,
    save: () => {
      if (paired()) rows.put([{ type: credentials[0], id: credentials[1], value: freeze(creds) }])
    }
  }
}
