import { concat } from "../Bytes.ts"
import { type Hash, leafHash, nodeHash } from "../MerkleTree.ts"

/**
 * Several items under one signature, each provable alone: the leaves and nodes of an RFC 6962 tree. An odd node at the
 * end of a level moves up unchanged, so index and count alone say at which levels a sibling stands.
 */
export interface Proof {
  readonly index: number
  readonly count: number
  /** The siblings on the way up, 32 bytes each, one after the other. */
  readonly path: Uint8Array
}

export const maxBatch = 1_024

/** From the leaves up to the root, which is alone on the last level. */
export type Levels = ReadonlyArray<ReadonlyArray<Uint8Array>>

export const levelsOf = (hash: Hash, items: ReadonlyArray<Uint8Array>): Levels => {
  let level: ReadonlyArray<Uint8Array> = items.map((item) => leafHash(hash, item))
  const levels = [level]
  while (level.length > 1) {
    const next: Array<Uint8Array> = []
    for (let i = 0; i < level.length; i += 2) {
      const right = level[i + 1]
      next.push(right === undefined ? level[i]! : nodeHash(hash, level[i]!, right))
    }
    level = next
    levels.push(level)
  }
  return levels
}

export const topOf = (levels: Levels): Uint8Array => levels.at(-1)![0]!

const siblingsOf = (levels: Levels, index: number): ReadonlyArray<Uint8Array> => {
  const siblings: Array<Uint8Array> = []
  for (let height = 0; height < levels.length - 1; height++) {
    const sibling = levels[height]![(index >> height) ^ 1]
    if (sibling !== undefined) siblings.push(sibling)
  }
  return siblings
}

export const proofOf = (levels: Levels, index: number): Proof => ({
  index,
  count: levels[0]!.length,
  path: concat(...siblingsOf(levels, index))
})

/** Whether these are the siblings of its place in this tree. */
export const isProofIn = (levels: Levels, { index, path }: Proof): boolean => {
  const siblings = siblingsOf(levels, index)
  return path.length === siblings.length * 32 && siblings.every((sibling, i) => isAt(path, i * 32, sibling))
}

const isAt = (path: Uint8Array, from: number, sibling: Uint8Array): boolean => {
  for (let i = 0; i < 32; i++) if (path[from + i] !== sibling[i]) return false
  return true
}

/** How many siblings a proof of this place holds. */
export const pathLength = (index: number, count: number): number => {
  let length = 0
  for (let i = index, width = count; width > 1; i >>= 1, width = (width + 1) >> 1) if ((i ^ 1) < width) length++
  return length
}

/** The root that an item and its proof lead to. */
export const rootOf = (hash: Hash, item: Uint8Array, { count, index, path }: Proof): Uint8Array => {
  let at = leafHash(hash, item)
  let used = 0
  for (let i = index, width = count; width > 1; i >>= 1, width = (width + 1) >> 1) {
    if ((i ^ 1) >= width) continue
    const sibling = path.subarray(used, used + 32)
    used += 32
    at = i & 1 ? nodeHash(hash, sibling, at) : nodeHash(hash, at, sibling)
  }
  return at
}
