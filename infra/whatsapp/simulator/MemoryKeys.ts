import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from "@whiskeysockets/baileys"

/** A Signal key store that lives and dies with the process. */
export const memoryKeys = (): SignalKeyStore => {
  const tables: { [T in keyof SignalDataTypeMap]?: Map<string, SignalDataTypeMap[T]> } = {}

  const table = <T extends keyof SignalDataTypeMap>(type: T): Map<string, SignalDataTypeMap[T]> =>
    (tables[type] ??= new Map() as (typeof tables)[T] & {})

  const write = <T extends keyof SignalDataTypeMap>(type: T, rows: SignalDataSet[T]) => {
    for (const [id, value] of Object.entries(rows ?? {})) {
      if (value === null || value === undefined) table(type).delete(id)
      else table(type).set(id, value as SignalDataTypeMap[T])
    }
  }

  return {
    get: (type, ids) => {
      const found: Record<string, SignalDataTypeMap[typeof type]> = {}
      for (const id of ids) {
        const value = table(type).get(id)
        if (value !== undefined) found[id] = value
      }
      return found
    },
    set: (data) => {
      for (const type of Object.keys(data) as Array<keyof SignalDataTypeMap>) write(type, data[type])
    }
  }
}
