import { assert, describe, it } from "@effect/vitest"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { concat, utf8 } from "../Bytes.ts"
import { leafHash, nodeHash } from "../MerkleTree.ts"
import { hashAt, hashesOn, isTileOf, rootWithin, tileIn, tileName, tileOf } from "./Tiles.ts"

const { sha256 } = crypto

describe("tiles", () => {
  it("are named as C2SP tlog-tiles has it, and in no other way", () => {
    assert.strictEqual(tileName({ level: 0, index: 1_234_067, width: 256 }), "0/x001/x234/067")
    assert.strictEqual(tileName({ level: 2, index: 0, width: 1 }), "2/000.p/1")
    for (const name of ["0/x001/x234/067", "0/273.p/112", "1/000", "63/x999/000.p/255"]) {
      assert.strictEqual(tileName(tileIn(name)!), name)
    }
    const others = ["", "0", "0/0", "00/000", "0/x000/001", "0/001/x002", "0/000.p/0", "0/000.p/256", "0/000.p/01"]
    for (const name of [...others, "0/000.p/", "0/-01", "100/000", "0/x1/000", "0/000/", " 0/000", "0/000\n"]) {
      assert.isUndefined(tileIn(name), name)
    }
  })

  it("of a tree of 70,000 leaves are those of the specification's example", () => {
    assert.deepStrictEqual(
      [0, 1, 2, 3].map((level) => hashesOn(level, 70_000)),
      [273 * 256 + 112, 273, 1, 0]
    )
    for (const name of ["0/272", "0/273.p/112", "1/000", "1/001.p/17", "2/000.p/1"]) {
      assert.isTrue(isTileOf(tileIn(name)!, 70_000), name)
    }
    for (const name of ["0/273", "0/273.p/113", "0/274.p/1", "1/001", "2/000", "3/000.p/1"]) {
      assert.isFalse(isTileOf(tileIn(name)!, 70_000), name)
    }
    assert.isTrue(isTileOf(tileIn("1/000.p/1")!, 256))
  })

  it("hold the nodes between their levels", () => {
    assert.deepStrictEqual(tileOf({ height: 0, index: 300 }), { level: 0, index: 1, first: 44, count: 1 })
    assert.deepStrictEqual(tileOf({ height: 3, index: 33 }), { level: 0, index: 1, first: 8, count: 8 })
    assert.deepStrictEqual(tileOf({ height: 8, index: 257 }), { level: 1, index: 1, first: 1, count: 1 })
    assert.deepStrictEqual(tileOf({ height: 15, index: 1 }), { level: 1, index: 0, first: 128, count: 128 })
    const leaves = Array.from({ length: 8 }, (_, i) => leafHash(sha256, utf8(`${i}`)))
    const hashes = concat(...leaves)
    assert.deepStrictEqual(hashAt(hashes, 3), leaves[3])
    const [left, right] = [nodeHash(sha256, leaves[4]!, leaves[5]!), nodeHash(sha256, leaves[6]!, leaves[7]!)]
    assert.deepStrictEqual(rootWithin(sha256, hashes, 4, 4), nodeHash(sha256, left, right))
    assert.deepStrictEqual(rootWithin(sha256, hashes, 7, 1), leaves[7])
  })
})
