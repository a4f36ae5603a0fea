import { concat } from "../Bytes.ts"

/**
 * Several items under one signature, each provable alone: the leaves and nodes of an RFC 6962 tree. An odd node at the
 * end of a level moves up unchanged, so index and count alone say at which levels a sibling stands.
 */
type Hash = (data: Uint8Array) => Uint8Array

const leafMark = Uint8Array.of(0)
const nodeMark = Uint8Array.of(1)
const leaf = (hash: Hash, item: Uint8Array) => hash(concat(leafMark, item))
const node = (hash: Hash, left: Uint8Array, right: Uint8Array) => hash(concat(nodeMark, left, right))

export interface Proof {
  readonly index: number
  readonly count: number
  /** The siblings on the way up, 32 bytes each. */
  readonly path: ReadonlyArray<Uint8Array>
}

export const maxBatch = 1_024

/** The root over all items, and for each its proof. */
export const tree = (hash: Hash, items: ReadonlyArray<Uint8Array>) => {
  const count = items.length
  const paths = items.map((): Array<Uint8Array> => [])
  let level = items.map((item) => leaf(hash, item))
  for (let height = 0; level.length > 1; height++) {
    for (let i = 0; i < count; i++) {
      const sibling = level[(i >> height) ^ 1]
      if (sibling !== undefined) paths[i]!.push(sibling)
    }
    const next: Array<Uint8Array> = []
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1]
      next.push(right === undefined ? level[i]! : node(hash, level[i]!, right))
    }
    level = next
  }
  return { root: level[0]!, proofs: paths.map((path, index): Proof => ({ index, count, path })) }
}

/** How many siblings a proof of this place holds. */
export const pathLength = (index: number, count: number): number => {
  let length = 0
  for (let i = index, width = count; width > 1; i >>= 1, width = (width + 1) >> 1) if ((i ^ 1) < width) length++
  return length
}

/** The root that an item and its proof lead to. */
export const rootOf = (hash: Hash, item: Uint8Array, { count, index, path }: Proof): Uint8Array => {
  let at = leaf(hash, item)
  let used = 0
  for (let i = index, width = count; width > 1; i >>= 1, width = (width + 1) >> 1) {
    if ((i ^ 1) >= width) continue
    const sibling = path[used++]!
    at = i & 1 ? node(hash, sibling, at) : node(hash, at, sibling)
  }
  return at
}
