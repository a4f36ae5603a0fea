import { lru } from "#domain/Lru.ts"

/** One value of one device. `value: undefined` deletes the row. */
export interface Row {
  readonly type: string
  readonly id: string
  readonly value: string | undefined
}

/** What is asked for with every message and every receipt, and by itself opens nothing for whoever reads the memory. */
const recalled: ReadonlySet<string> = new Set(["address", "disappearing", "group-name", "lid-mapping", "tctoken"])
const most = 4_096

type Reading = (device: string, type: string, id: string) => string | undefined

/** Reads such rows from memory while nobody has written them. */
export const recalling = (read: Reading) => {
  let memory = lru<{ readonly value: string | undefined }>(most)
  const nameOf = (device: string, type: string, id: string) => `${device} ${type} ${id}`

  const get: Reading = (device, type, id) => {
    if (!recalled.has(type)) return read(device, type, id)
    const name = nameOf(device, type, id)
    const known = memory.get(name)
    if (known !== undefined) return known.value
    const value = read(device, type, id)
    memory.set(name, { value })
    return value
  }

  return {
    get,
    written: (device: string, rows: ReadonlyArray<Row>): void => {
      for (const { type, id } of rows) memory.delete(nameOf(device, type, id))
    },
    cleared: (): void => {
      memory = lru(most)
    }
  }
}
