import { assert, describe, it } from "@effect/vitest"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { concat, fromHex, hex, utf8 } from "../Bytes.ts"
import { leafHash } from "../MerkleTree.ts"
import {
  consistencySpans,
  emptyRoot,
  inclusionSpans,
  isConsistent,
  isIncluded,
  nodesIn,
  rootOver,
  type Span
} from "./Tree.ts"

const { sha256 } = crypto

/** RFC 6962, 2.1, word for word. */
const treeHash = (entries: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (entries.length === 0) return sha256(new Uint8Array(0))
  if (entries.length === 1) return sha256(concat(Uint8Array.of(0), entries[0]!))
  let split = 1
  while (split * 2 < entries.length) split *= 2
  return sha256(concat(Uint8Array.of(1), treeHash(entries.slice(0, split)), treeHash(entries.slice(split))))
}

const treeOf = (entries: ReadonlyArray<Uint8Array>) => {
  const rootOf = ({ end, start }: Span) => treeHash(entries.slice(start, end))
  return {
    head: (size: number) => ({ size, root: treeHash(entries.slice(0, size)) }),
    inclusion: (index: number, size: number) => inclusionSpans(index, size).map(rootOf),
    consistency: (from: number, to: number) => consistencySpans(from, to).map(rootOf)
  }
}

/** The tree that the first implementation of Certificate Transparency is tested with, and those after it. */
const published = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
const publishedRoots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
]

const some = Array.from({ length: 70 }, (_, i) => utf8(`entry ${i}`))
const sizes = Array.from({ length: some.length }, (_, i) => i + 1)

/** Every proof that is not the one: a hash less, one more, one twice, each bit of a byte. */
const mutations = (path: ReadonlyArray<Uint8Array>) => [
  path.slice(1),
  path.slice(0, -1),
  [...path, emptyRoot(sha256)],
  [emptyRoot(sha256), ...path],
  ...path.map((one, i) => path.with(i, one.with(7, one[7]! ^ 4)))
]

describe("the tree", () => {
  it("comes to the published roots, and proves what was published of them", () => {
    const entries = published.map(fromHex)
    const tree = treeOf(entries)
    for (const [size, root] of publishedRoots.entries()) {
      const spans = { start: 0, end: size }
      const leaves = nodesIn(spans).map(({ height, index }) =>
        treeHash(entries.slice(index * 2 ** height, (index + 1) * 2 ** height))
      )
      assert.strictEqual(hex(rootOver(sha256, leaves)), root)
    }
    assert.deepStrictEqual(tree.inclusion(5, 8).map(hex), [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    ])
    assert.deepStrictEqual(tree.consistency(6, 8).map(hex), [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    ])
    assert.deepStrictEqual(tree.consistency(2, 5).map(hex), [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    ])
  })

  it("proves every leaf of every size, and nothing else", () => {
    const tree = treeOf(some)
    for (const size of sizes) {
      const { root } = tree.head(size)
      for (let index = 0; index < size; index++) {
        const path = tree.inclusion(index, size)
        const claim = { index, size, root, path, leaf: leafHash(sha256, some[index]!) }
        assert.isTrue(isIncluded(sha256, claim), `${index} of ${size}`)
        assert.isFalse(isIncluded(sha256, { ...claim, leaf: leafHash(sha256, utf8("another")) }))
        if (size > 1) assert.isFalse(isIncluded(sha256, { ...claim, index: (index + 1) % size }))
        assert.isFalse(isIncluded(sha256, { ...claim, index: size }))
        for (const other of mutations(path).filter(({ length }) => length > 0 || path.length > 0)) {
          assert.isFalse(isIncluded(sha256, { ...claim, path: other }), `${index} of ${size}`)
        }
      }
    }
  })

  it("takes no proof for one of a taller tree", () => {
    const tree = treeOf(some)
    const claim = { index: 0, leaf: leafHash(sha256, some[0]!), path: tree.inclusion(0, 2), root: tree.head(2).root }
    assert.isTrue(isIncluded(sha256, { ...claim, size: 2 }))
    assert.isFalse(isIncluded(sha256, { ...claim, size: 4 }))
  })

  it("proves of every two sizes that one begins the other, and of nothing else", () => {
    const tree = treeOf(some)
    const forked = treeOf(some.with(20, utf8("another")))
    for (const to of sizes) {
      for (let from = 1; from <= to; from++) {
        const path = tree.consistency(from, to)
        assert.isTrue(isConsistent(sha256, tree.head(from), tree.head(to), path), `${from} to ${to}`)
        for (const other of mutations(path).filter(({ length }) => length > 0 || path.length > 0)) {
          assert.isFalse(isConsistent(sha256, tree.head(from), tree.head(to), other), `${from} to ${to}`)
        }
        if (from < 21 || to === from) continue
        assert.isFalse(isConsistent(sha256, tree.head(from), forked.head(to), forked.consistency(from, to)))
      }
      assert.isFalse(isConsistent(sha256, tree.head(to), tree.head(to - 1), []))
      assert.isFalse(isConsistent(sha256, tree.head(0), tree.head(to), []))
    }
  })

  it("is asked for whole subtrees, also in the middle of a large tree", () => {
    assert.deepStrictEqual(nodesIn({ start: 0, end: 70_000 }), [
      { height: 16, index: 0 },
      { height: 12, index: 16 },
      { height: 8, index: 272 },
      { height: 6, index: 1_092 },
      { height: 5, index: 2_186 },
      { height: 4, index: 4_374 }
    ])
    const far = 2 ** 40 + 1
    assert.strictEqual(inclusionSpans(5, far).length, 41)
    assert.deepStrictEqual(nodesIn({ start: 2 ** 40, end: far }), [{ height: 0, index: 2 ** 40 }])
  })
})
