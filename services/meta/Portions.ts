import type { Array } from "effect"

export interface Bounds {
  readonly items: number
  readonly bytes: number
}

/** In their order, as many at a time as are borne; what is too much by itself is alone. */
export const portions = <A>(
  items: ReadonlyArray<A>,
  bytesOf: (item: A) => number,
  most: Bounds
): ReadonlyArray<Array.NonEmptyReadonlyArray<A>> => {
  const all: globalThis.Array<[A, ...globalThis.Array<A>]> = []
  let bytes = 0
  for (const item of items) {
    const last = all.at(-1)
    bytes += bytesOf(item)
    if (last !== undefined && last.length < most.items && bytes <= most.bytes) last.push(item)
    else {
      all.push([item])
      bytes = bytesOf(item)
    }
  }
  return all
}
