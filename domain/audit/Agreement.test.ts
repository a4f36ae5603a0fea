import { assert, it } from "@effect/vitest"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { utf8 } from "../Bytes.ts"
import { leafHash, nodeHash } from "../MerkleTree.ts"
import { agreementOf } from "./Agreement.ts"

const { sha256 } = crypto
const [a, b, c] = ["a", "b", "c"].map((entry) => leafHash(sha256, utf8(entry))) as [Uint8Array, Uint8Array, Uint8Array]
const two = { origin: "log", size: 2, root: nodeHash(sha256, a, b) }
const three = { origin: "log", size: 3, root: nodeHash(sha256, two.root, c) }

it("what is offered goes on from what was believed, or is called what it is", () => {
  const judged = (believed: typeof two | undefined, offered: typeof two, path: ReadonlyArray<Uint8Array> = []) =>
    agreementOf(sha256, believed, offered, path)
  assert.strictEqual(judged(undefined, two), "first")
  assert.strictEqual(judged(two, two), "same")
  assert.strictEqual(judged(two, three, [c]), "grown")
  assert.strictEqual(judged(two, three, []), "unproven")
  assert.strictEqual(judged(two, { ...three, root: a }, [c]), "unproven")
  assert.strictEqual(judged(two, { ...two, root: nodeHash(sha256, a, c) }), "forked")
  assert.strictEqual(judged(three, two), "rolled_back")
  assert.strictEqual(judged(two, { ...three, origin: "other" }, [c]), "other_log")
})
