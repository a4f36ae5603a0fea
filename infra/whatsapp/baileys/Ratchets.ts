import { lru } from "#domain/Lru.ts"
import { ahead, at, between, isNew, notBehind, positionOf, type Ratchet } from "./Ratchet.ts"

/**
 * The Signal sessions of one device. On disk each is some messages ahead of where it is, so that a send has nothing to
 * write down: what a crash takes from the memory is keys that were never used, and the next life begins behind them.
 */
export interface Ratchets {
  /** Those that there are. What they encrypt next is covered by what is on disk. */
  readonly get: (addresses: ReadonlyArray<string>) => Found | Promise<Found>
  /** What has to be durable before anything follows: nothing, if they only went on encrypting. */
  readonly set: (changes: Changes) => Change
}

export type Found = Record<string, Ratchet>
export type Changes = Readonly<Record<string, Ratchet | null | undefined>>

export interface Change {
  /** All of it may be lost, as long as nothing encrypts with it: whoever is to does wait. */
  readonly mayWait: boolean
  readonly rows: ReadonlyArray<readonly [address: string, row: Ratchet | undefined]>
  /** Hears of the write that has the rows. */
  readonly during: (write: Promise<void>) => Promise<void>
}

interface Entry {
  current: Ratchet | undefined
  /** On disk. */
  kept: Ratchet | undefined
  /** On its way there, or there. */
  edge: Ratchet | undefined
  written: Promise<void> | undefined
  /** How many messages `current` may encrypt before it is where the disk is. */
  left: number
  /** How many messages ahead the next write is. */
  reach: number
}

/** Some hundred are written to at a time; what falls out begins at what is on disk. */
const most = 512
const reach = { first: 16, most: 64 }
/** One send may encrypt more than once for an address, before anything of it is told. */
const least = 4

export const make = (options: {
  readonly read: (address: string) => Ratchet | undefined
  /** Durable when it resolves, in the order of the calls. */
  readonly write: (address: string, ratchet: Ratchet) => Promise<void>
}): Ratchets => {
  const memory = lru<Entry>(most)
  /** What must not fall out: the disk is behind it. */
  const flying = new Map<string, Entry>()

  const leftOf = ({ current, kept }: Pick<Entry, "current" | "kept">): number =>
    current === undefined || kept === undefined ? 0 : (between(current, kept) ?? 0)

  const entryOf = (address: string): Entry => {
    const known = memory.get(address) ?? flying.get(address)
    if (known !== undefined) return known
    const kept = options.read(address)
    const left = leftOf({ current: kept, kept })
    const entry = { current: kept, kept, edge: kept, written: undefined, left, reach: reach.first }
    if (kept !== undefined) memory.set(address, entry)
    return entry
  }

  const edgeFor = (entry: Entry, ratchet: Ratchet): Ratchet => {
    const edge = ahead(ratchet, entry.reach)
    entry.reach = Math.min(2 * entry.reach, reach.most)
    return edge
  }

  const fly = (address: string, entry: Entry, edge: Ratchet | undefined, write: Promise<void>): Promise<void> => {
    const written = write.then(() => {
      entry.kept = edge
      entry.left = leftOf(entry)
      if (entry.written !== written) return
      entry.written = undefined
      flying.delete(address)
    })
    entry.edge = edge
    entry.written = written
    flying.set(address, entry)
    return written
  }

  const reserve = (address: string, entry: Entry, ratchet: Ratchet): Promise<void> => {
    const edge = edgeFor(entry, ratchet)
    return fly(address, entry, edge, options.write(address, edge))
  }

  const ready = (address: string, entry: Entry): Promise<void> | undefined => {
    if (entry.current === undefined || entry.left >= least) return undefined
    return entry.written ?? reserve(address, entry, entry.current)
  }

  /** What has to be written, if anything. */
  const take = (address: string, value: Ratchet | null | undefined): Entry | undefined => {
    const entry = entryOf(address)
    memory.set(address, entry)
    if (value == null) {
      entry.current = undefined
      entry.left = 0
      return entry
    }
    const next = entry.current === undefined ? value : notBehind(value, entry.current)
    const left = entry.kept && between(next, entry.kept)
    const position = positionOf(next)
    // what is equal is held once
    entry.current = left !== undefined && position !== undefined ? at(entry.kept!, position) : next
    entry.left = left ?? 0
    if (left === undefined) return entry
    if (entry.written === undefined && 4 * left < entry.reach) {
      reserve(address, entry, entry.current).catch(() => {}) // whoever needs it hears of it
    }
    return undefined
  }

  return {
    get: (addresses) => {
      const entries = addresses.map((address) => [address, entryOf(address)] as const)
      const found = () =>
        Object.fromEntries(
          entries.flatMap(([address, { current }]) => (current === undefined ? [] : [[address, current] as const]))
        )
      const writes = entries.map((entry) => ready(...entry)).filter((write) => write !== undefined)
      return writes.length === 0 ? found() : Promise.all(writes).then(found)
    },

    set: (changes) => {
      const changed = Object.entries(changes).flatMap(([address, value]) => {
        const entry = take(address, value)
        if (entry === undefined) return []
        return [{ address, entry, edge: entry.current && edgeFor(entry, entry.current) }]
      })
      return {
        mayWait: changed.every(({ entry }) => entry.current !== undefined && isNew(entry.current)),
        rows: changed.map(({ address, edge }) => [address, edge] as const),
        during: async (write) => {
          await Promise.all([write, ...changed.map(({ address, edge, entry }) => fly(address, entry, edge, write))])
        }
      }
    }
  }
}
