import type { SignalDataTypeMap, SignalKeyStore } from "@whiskeysockets/baileys"
import type { DeviceRows } from "./AuthFile.ts"
import type { Ratchet } from "./Ratchet.ts"
import * as Ratchets from "./Ratchets.ts"
import { rehydrate, revive, rowOf, rowsOf } from "./RowValues.ts"

/** The Signal keys of one connection's device. What is set is durable when it resolves, all of it or nothing. */
export const make = (rows: DeviceRows): SignalKeyStore => {
  const read = (type: string, id: string) => {
    const value = rows.get(type, id)
    return value === undefined ? undefined : revive(value)
  }
  const ratchets = Ratchets.make({
    read: (address) => read("session", address),
    write: (address, ratchet) => rows.write([rowOf("session", address, ratchet)])
  })

  const readAll = <T extends keyof SignalDataTypeMap>(type: T, ids: ReadonlyArray<string>) => {
    const found: { [id: string]: SignalDataTypeMap[T] } = {}
    for (const id of ids) {
      const value = read(type, id)
      if (value !== undefined) found[id] = rehydrate(type, value)
    }
    return found
  }

  return {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: Array<string>) =>
      type === "session"
        ? (ratchets.get(ids) as
            | { [id: string]: SignalDataTypeMap[T] }
            | Promise<{ [id: string]: SignalDataTypeMap[T] }>)
        : readAll(type, ids),

    set: ({ session = {}, ...data }) => {
      const others = rowsOf(data)
      const { during, mayWait, rows: changed } = ratchets.set(session as unknown as Record<string, Ratchet | null>)
      const all = [...others, ...changed.map(([address, ratchet]) => rowOf("session", address, ratchet))]
      if (all.length === 0) return undefined
      const written = during(rows.write(all))
      if (others.length > 0 || !mayWait) return written
      written.catch(() => {}) // whoever needs it hears of it
      return undefined
    }
  }
}
