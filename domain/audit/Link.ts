import { concat } from "../Bytes.ts"
import type { Hash } from "../MerkleTree.ts"
import { hashBytes } from "./Tree.ts"

/** A chain beside the tree: each link follows from the one before and the leaf, in the log's order. */

const linkMark = Uint8Array.of(2)

/** Before the first leaf. */
export const noLink: Uint8Array = new Uint8Array(hashBytes)

export const linkAfter = (hash: Hash, before: Uint8Array, leaf: Uint8Array): Uint8Array =>
  hash(concat(linkMark, before, leaf))
