import type { Hash } from "../MerkleTree.ts"
import { isConsistent, sameHash } from "./Tree.ts"
import type { TreeHead } from "./TreeHead.ts"

/** How a head that is offered stands to the newest one that was believed. */
export type Agreement =
  /** The first that is seen of this log. */
  | "first"
  /** The same tree again. */
  | "same"
  /** It holds all that the one before held, and more. */
  | "grown"
  /** Another root over as many leaves: two histories. */
  | "forked"
  /** Fewer leaves: the log was restored from a copy, or somebody shows an old head. */
  | "rolled_back"
  /** More leaves, and no proof that they begin with the ones before. */
  | "unproven"
  /** Of another log. */
  | "other_log"

/** Only `first`, `same` and `grown` may be signed. `path`: the consistency proof from the one to the other. */
export const agreementOf = (
  hash: Hash,
  believed: TreeHead | undefined,
  offered: TreeHead,
  path: ReadonlyArray<Uint8Array>
): Agreement => {
  if (believed === undefined) return "first"
  if (believed.origin !== offered.origin) return "other_log"
  if (offered.size < believed.size) return "rolled_back"
  if (offered.size === believed.size) return sameHash(offered.root, believed.root) ? "same" : "forked"
  return isConsistent(hash, believed, offered, path) ? "grown" : "unproven"
}
