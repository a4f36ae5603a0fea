import { assert } from "@effect/vitest"
import { Array, Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { linkAfter, noLink } from "#domain/audit/Link.ts"
import { isConsistent, isIncluded } from "#domain/audit/Tree.ts"
import { concat, hex } from "#domain/Bytes.ts"
import { EventId } from "#domain/Ids.ts"
import { leafHash } from "#domain/MerkleTree.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { far, home, queued, reported, uuid } from "../testing/ViewsFixture.ts"
import { entryOf } from "./Entry.ts"
import * as ProofRows from "./ProofRows.ts"
import * as TreeRows from "./TreeRows.ts"

const { sha256 } = NodeCrypto.crypto
const hexOf = (hashes: ReadonlyArray<Uint8Array>) => hashes.map(hex)

/** RFC 6962, 2.1, word for word. */
const treeHash = (leaves: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (leaves.length === 1) return leaves[0]!
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(concat(Uint8Array.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split))))
}

/** Number `i`, at places that no double holds apart and that have gaps. */
const event = (i: number): RecordedEvent => ({
  ...(i % 3 === 0
    ? queued(i, far - 3_000_000n + BigInt(i * 7), home)
    : reported(i, 1, far - 3_000_000n + BigInt(i * 7), "sent")),
  eventId: EventId.make(uuid(i)),
  ...(i % 50 === 0 && { type: "message.of_a_newer_release.v9" })
})
const sizes = [1, 2, 3, 250, 1, 256, 300, 187]
const events = Array.makeBy(
  sizes.reduce((sum, size) => sum + size, 0),
  event
)
const leaves = events.map((one) => leafHash(sha256, entryOf(one)))

/** A thousand events, written a few at a time; a new writer goes on now and then. */
const writtenIn = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const view = TreeRows.treeView(sha256)
  yield* view.setup(sql)
  let writer = view.writer()
  let from = 0
  for (const [i, size] of sizes.entries()) {
    if (i % 2 === 1) writer = view.writer()
    const some = events.slice(from, from + size)
    if (Array.isReadonlyArrayNonEmpty(some)) yield* sql.withTransaction(writer.apply(sql, some))
    writer.applied?.()
    from += size
  }
  const services = Context.make(SqlClient.SqlClient, sql)
  const proofs = yield* Effect.provide(ProofRows.make, Layer.merge(Layer.succeedContext(services), NodeCrypto.layer))
  const stand = yield* Effect.flatten(Effect.provideContext(TreeRows.standing, services))
  return { sql, proofs, stand }
})

/** What the rows of the audit tree owe whoever proves something by them, on every database. */
export const auditContract = <E, R>(database: Effect.Effect<SqlClient.SqlClient, E, R>) => {
  const written = Effect.flatMap(database, writtenIn)
  return [
    [
      "every event is a leaf of the audit tree, in the log's order, whoever wrote it",
      Effect.gen(function* () {
        const { proofs, sql, stand } = yield* written
        assert.deepStrictEqual([stand.size, stand.position], [events.length, events.at(-1)!.position])
        for (const size of [1, 2, 255, 256, 257, 512, 700, 768, 1_000]) {
          assert.strictEqual(hex(yield* proofs.rootAt(size)), hex(treeHash(leaves.slice(0, size))), `${size}`)
        }
        assert.strictEqual(hex(yield* TreeRows.hashesBetween(sql, 0, 254, 300)), hexOf(leaves.slice(254, 300)).join(""))
        const whole = [0, 1, 2].map((i) => treeHash(leaves.slice(i * 256, (i + 1) * 256)))
        assert.strictEqual(hex(yield* proofs.tile({ level: 1, index: 0, width: 3 })), hexOf(whole).join(""))
        assert.strictEqual((yield* Effect.flip(proofs.tile({ level: 1, index: 0, width: 4 })))._tag, "TreeIncomplete")
      })
    ],
    [
      "what the audit tree's rows prove is believed by whoever has a root alone",
      Effect.gen(function* () {
        const { proofs } = yield* written
        const root = yield* proofs.rootAt(1_000)
        for (const index of [0, 1, 255, 256, 511, 768, 999]) {
          const path = yield* proofs.inclusion(index, 1_000)
          assert.isTrue(isIncluded(sha256, { index, size: 1_000, leaf: leaves[index]!, path, root }), `${index}`)
        }
        for (const size of [1, 255, 256, 300, 999]) {
          const [from, path] = [yield* proofs.rootAt(size), yield* proofs.consistency(size, 1_000)]
          assert.isTrue(isConsistent(sha256, { size, root: from }, { size: 1_000, root }, path), `${size}`)
        }
      })
    ],
    [
      "a leaf is found by where its event stands, and the chain goes on from any of them",
      Effect.gen(function* () {
        const { proofs, sql, stand } = yield* written
        for (const index of [0, 1, 5, 6, 255, 256, 999]) {
          assert.strictEqual(yield* proofs.indexOf(events[index]!.position), index)
          assert.isUndefined(yield* proofs.indexOf(events[index]!.position + 1n))
        }
        const links = [noLink]
        for (const leaf of leaves) links.push(linkAfter(sha256, links.at(-1)!, leaf))
        assert.strictEqual(hex(stand.link), hex(links.at(-1)!))
        for (const start of [0, 1, 3, 6, 300, 999]) {
          const found = yield* TreeRows.leavesFrom(sql, sha256, start, start + 2)
          const [noted, chain] = [found.noted.map(({ leaf }) => leaf), found.noted.map(({ link }) => link)]
          assert.deepStrictEqual(hexOf(noted), hexOf(leaves.slice(start, start + 2)))
          assert.deepStrictEqual(hexOf(chain), hexOf(links.slice(start + 1, start + 3)), `${start}`)
          assert.strictEqual(found.position, events[start - 1]?.position)
        }
      })
    ]
  ] as const
}
