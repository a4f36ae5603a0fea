import { type Hash, nodeHash } from "../MerkleTree.ts"
import { hashBytes, type Node } from "./Tree.ts"

/**
 * C2SP tlog-tiles: the hashes of a tree in rows of 256. The tiles of level 0 hold the leaves' hashes, those of the levels
 * above each the roots of whole tiles below.
 */

export const tileHeight = 8
export const tileWidth = 256

export interface Tile {
  readonly level: number
  readonly index: number
  /** How many hashes it holds: 256, or fewer at the right edge of a tree. */
  readonly width: number
}

/** How many hashes stand on this level of a tree. */
export const hashesOn = (level: number, size: number): number => Math.floor(size / tileWidth ** level)

/** The name of a tile behind `tile/`: `1/x001/x234/067`, or `0/273.p/112` of one that is partial. */
export const tileName = ({ index, level, width }: Tile): string => {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g)!
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/")
  return `${level}/${path}${width === tileWidth ? "" : `.p/${width}`}`
}

const names = /^(0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** The tile of this name; `undefined` for what is none, also for another spelling of one. */
export const tileIn = (name: string): Tile | undefined => {
  const found = names.exec(name)
  if (found === null) return undefined
  const tile = {
    level: Number(found[1]),
    index: Number(found[2]!.replace(/[x/]/g, "")),
    width: found[3] === undefined ? tileWidth : Number(found[3])
  }
  return tile.width <= tileWidth && tileName(tile) === name ? tile : undefined
}

/** Whether a tree of this size has all of this tile. */
export const isTileOf = ({ index, level, width }: Tile, size: number): boolean =>
  index * tileWidth + width <= hashesOn(level, size)

/** The tile that a node of the tree follows from: `count` of its hashes from `first` on, which are whole subtrees. */
export const tileOf = ({ height, index }: Node) => {
  const level = Math.floor(height / tileHeight)
  const count = 2 ** (height % tileHeight)
  const start = index * count
  return { level, index: Math.floor(start / tileWidth), first: start % tileWidth, count }
}

/** The hash number `i` among those that stand one after the other. */
export const hashAt = (hashes: Uint8Array, i: number): Uint8Array => hashes.subarray(i * hashBytes, (i + 1) * hashBytes)

/** The root over `count` of these hashes, a power of two, from `first` on. */
export const rootWithin = (hash: Hash, hashes: Uint8Array, first: number, count: number): Uint8Array => {
  let level = Array.from({ length: count }, (_, i) => hashAt(hashes, first + i))
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: below.length / 2 }, (_, i) => nodeHash(hash, below[2 * i]!, below[2 * i + 1]!))
  }
  return level[0]!
}
