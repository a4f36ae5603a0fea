import { assert, describe, it } from "@effect/vitest"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { concat, hex, utf8 } from "../Bytes.ts"
import { isProofIn, levelsOf, type Proof, pathLength, proofOf, rootOf, topOf } from "./MerkleBatch.ts"

const { sha256 } = crypto
const itemsOf = (count: number) => Array.from({ length: count }, (_, i) => utf8(`item ${i}`))

const tree = (items: ReadonlyArray<Uint8Array>) => {
  const levels = levelsOf(sha256, items)
  return { levels, root: topOf(levels), proofs: items.map((_, i) => proofOf(levels, i)) }
}

/** RFC 6962, 2.1, word for word. */
const treeHash = (items: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (items.length === 1) return sha256(concat(Uint8Array.of(0), items[0]!))
  let split = 1
  while (split * 2 < items.length) split *= 2
  return sha256(concat(Uint8Array.of(1), treeHash(items.slice(0, split)), treeHash(items.slice(split))))
}

/** RFC 6962, 2.1.1. */
const auditPath = (at: number, items: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  if (items.length === 1) return []
  let split = 1
  while (split * 2 < items.length) split *= 2
  const [left, right] = [items.slice(0, split), items.slice(split)]
  return at < split ? [...auditPath(at, left), treeHash(right)] : [...auditPath(at - split, right), treeHash(left)]
}

const sizes = [...Array.from({ length: 70 }, (_, i) => i + 1), 1_023, 1_024]

describe("a batch", () => {
  it("has the root and the proofs of RFC 6962", () => {
    for (const size of sizes) {
      const items = itemsOf(size)
      const { proofs, root } = tree(items)
      assert.strictEqual(hex(root), hex(treeHash(items)), `${size} items`)
      for (const at of size > 100 ? [0, 511, 512, size - 1] : items.keys()) {
        const { count, index, path } = proofs[at]!
        assert.deepStrictEqual([index, count, path.length], [at, size, pathLength(at, size) * 32])
        assert.strictEqual(hex(path), auditPath(at, items).map(hex).join(""), `${at} of ${size}`)
      }
    }
  })

  it("leads from every item to the root", () => {
    for (const size of sizes) {
      const items = itemsOf(size)
      const { levels, proofs, root } = tree(items)
      for (const [i, proof] of proofs.entries()) {
        assert.strictEqual(hex(rootOf(sha256, items[i]!, proof)), hex(root), `${i} of ${size}`)
        assert.isTrue(isProofIn(levels, proof))
      }
    }
  })

  it("leads nowhere from another item, another place or another path", () => {
    for (let size = 2; size <= 24; size++) {
      const items = itemsOf(size)
      const { levels, proofs, root } = tree(items)
      const leads = (item: Uint8Array, proof: Proof) => hex(rootOf(sha256, item, proof)) === hex(root)
      for (const [i, proof] of proofs.entries()) {
        for (const [j, other] of proofs.entries()) {
          if (i === j) continue
          assert.isFalse(leads(items[j]!, proof), `item ${j} by the proof of ${i}, of ${size}`)
          assert.isFalse(isProofIn(levels, { ...other, path: proof.path }), `path ${i} at ${j} of ${size}`)
          if (other.path.length === proof.path.length) assert.isFalse(leads(items[i]!, { ...other, path: proof.path }))
        }
        for (const at of proof.path.keys()) {
          const bent = { ...proof, path: proof.path.map((byte, k) => (k === at ? byte ^ 1 : byte)) }
          assert.isFalse(isProofIn(levels, bent))
          if (at % 31 === 0) assert.isFalse(leads(items[i]!, bent))
        }
        assert.isFalse(isProofIn(levels, { ...proof, path: proof.path.subarray(1) }))
        assert.isFalse(isProofIn(levels, { ...proof, path: concat(proof.path, proof.path) }))
      }
    }
  })

  it("does not take an inner node for an item", () => {
    const [a, b, c] = itemsOf(3) as [Uint8Array, Uint8Array, Uint8Array]
    const { root } = tree([a, b, c])
    const leaf = (item: Uint8Array) => sha256(concat(Uint8Array.of(0), item))
    const posing = concat(leaf(a), leaf(b))
    assert.notStrictEqual(hex(rootOf(sha256, posing, { index: 0, count: 2, path: leaf(c) })), hex(root))
    assert.notStrictEqual(
      hex(rootOf(sha256, concat(Uint8Array.of(1), posing), { index: 0, count: 2, path: leaf(c) })),
      hex(root)
    )
  })
})
