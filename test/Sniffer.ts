import { scanner } from "./Canaries.ts"
import type { Direction } from "./proxy/Faults.ts"

/** Hears everything that passes through proxies, and finds in it what ought not to be there. */
export const sniffer = () => {
  const streams = new Map<string, { readonly place: string; readonly pieces: Array<Buffer> }>()
  return {
    /** For a proxy's `tap`. A connection's two directions are kept apart: a word may come in pieces. */
    on: (wire: string) => (direction: Direction, bytes: Buffer, connection: number) => {
      const name = `${wire} ${direction} ${connection}`
      const stream = streams.get(name) ?? { place: `${wire} ${direction}`, pieces: [] }
      streams.set(name, stream)
      stream.pieces.push(bytes)
    },
    /** The words that were heard, by name, with form and place. Ask also for one that must be there. */
    find: (words: Readonly<Record<string, string>>): ReadonlyArray<string> => {
      const { inBytes } = scanner(words)
      return [
        ...new Set([...streams.values()].flatMap(({ pieces, place }) => inBytes(place, Buffer.concat(pieces))))
      ].toSorted()
    }
  }
}
