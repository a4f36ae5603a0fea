import "./QuietLibsignal.ts"
import {
  type AuthenticationState,
  BufferJSON,
  initAuthCreds,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap
} from "@whiskeysockets/baileys"
import type { DeviceId } from "#domain/Ids.ts"
import type { AuthFile } from "./AuthFile.ts"
import type { Row } from "./RecalledRows.ts"

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

/** A device's state, fresh if it has none. Throws, rather than start afresh, when a row cannot be read. */
export const load = (file: AuthFile, device: DeviceId): AuthState => {
  const rows = file.claim(device)
  const stored = rows.get(...credentials)
  if (stored === undefined) rows.clear()
  const creds: AuthenticationState["creds"] = stored === undefined ? initAuthCreds() : revive(stored)
  const paired = () => creds.account !== undefined

  return {
    state: {
      creds,
      keys: {
        get: <T extends keyof SignalDataTypeMap>(type: T, ids: Array<string>) => {
          const found: { [id: string]: SignalDataTypeMap[T] } = {}
          for (const id of ids) {
            const value = rows.get(type, id)
            if (value !== undefined) found[id] = rehydrate(type, revive(value))
          }
          return found
        },
        set: (data) => rows.put(rowsOf(data))
      }
    },
    notes: {
      get: reading(rows.get),
      set: (type, id, value) => rows.put(rowsOf({ [type]: { [id]: value } }))
    },
    paired,
    save: () => {
      if (paired()) rows.put([{ type: credentials[0], id: credentials[1], value: freeze(creds) }])
    }
  }
}

const freeze = (value: unknown): string => JSON.stringify(value, BufferJSON.replacer)
const revive = (value: string) => JSON.parse(value, BufferJSON.reviver)

/** Baileys calls protobuf methods on this one type. */
const rehydrate = <T extends keyof SignalDataTypeMap>(type: T, value: SignalDataTypeMap[T]) =>
  type === "app-state-sync-key"
    ? (proto.Message.AppStateSyncKeyData.fromObject(value as object) as unknown as SignalDataTypeMap[T])
    : value

const rowsOf = (data: SignalDataSet | Readonly<Record<string, Record<string, unknown>>>): ReadonlyArray<Row> =>
  Object.entries(data).flatMap(([type, values]) =>
    Object.entries(values).map(([id, value]) => ({ type, id, value: value == null ? undefined : freeze(value) }))
  )
