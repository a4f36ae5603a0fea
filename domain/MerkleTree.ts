import { concat } from "./Bytes.ts"

/** How an RFC 6962 tree is hashed: leaves and nodes are told apart, so that neither passes for the other. */

/** SHA-256. */
export type Hash = (data: Uint8Array) => Uint8Array

const leafMark = Uint8Array.of(0)
const nodeMark = Uint8Array.of(1)

export const leafHash = (hash: Hash, entry: Uint8Array): Uint8Array => hash(concat(leafMark, entry))
export const nodeHash = (hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array =>
  hash(concat(nodeMark, left, right))
