import { assert, describe, it } from "@effect/vitest"
import { Array, Context, Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { cosign, cosignedBy } from "#domain/audit/Cosignature.ts"
import { type NoteSigner, noteIn, signatureLine } from "#domain/audit/Note.ts"
import { openHead } from "#domain/audit/TreeHead.ts"
import { base64url } from "#domain/Bytes.ts"
import { EventId, type StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { crypto, layer as cryptoLayer } from "#infra/crypto/NodeCrypto.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { Identity } from "../identity/Identity.ts"
import { home, queued, uuid } from "../testing/ViewsFixture.ts"
import * as Heads from "./Heads.ts"
import * as TreeRows from "./TreeRows.ts"

const own = crypto.signingKey(new Uint8Array(32).fill(1))
const gatewayKey = { signing: base64url(own.publicKey), agreement: "", until: undefined, revoked: false }
const identity = {
  known: () => ({ state: { store: "a-log", active: "k1", gatewayKeys: new Map([["k1", gatewayKey]]) } }),
  signer: () => ({ keyId: "k1", key: own.key })
} as unknown as Identity["Service"]

const witnessKey = crypto.signingKey(new Uint8Array(32).fill(2))
const witness: NoteSigner = {
  name: "agent.example/home",
  type: 4,
  key: witnessKey.key,
  publicKey: Uint8Array.from(witnessKey.publicKey)
}

/** A log, a tree of it, and a gateway that signs: each `gateway` is another process on the same database. */
const scene = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const store = Context.get(yield* Layer.build(Layer.fresh(SqliteEventStore.layer(":memory:"))), EventStore)
  const view = TreeRows.treeView(crypto.sha256)
  yield* view.setup(sql)
  const tree = { writer: view.writer() }
  let number = 0
  const append = (count: number) =>
    Effect.gen(function* () {
      for (let i = 0; i < count; i++) {
        const { data, metadata, stream, type } = queued(++number, 0n, home)
        yield* store.append(stream, "no_stream", [{ eventId: EventId.make(uuid(number)), type, data, metadata }])
      }
    })
  const write = Effect.fnUntraced(function* (streams: ReadonlyArray<number>) {
    const events = (yield* Effect.forEach(streams, (n) => store.read(`message-${uuid(n)}` as StreamId))).flat()
    if (Array.isReadonlyArrayNonEmpty(events)) yield* sql.withTransaction(tree.writer.apply(sql, events))
    tree.writer.applied?.()
  })
  const remake = Effect.fnUntraced(function* (streams: ReadonlyArray<number>) {
    yield* sql`DROP TABLE audit_tree`
    yield* view.setup(sql)
    tree.writer = view.writer()
    yield* write(streams)
  })
  const gateway = Layer.build(
    Layer.fresh(Heads.layer).pipe(
      Layer.provide([
        Layer.succeed(Identity, identity),
        Layer.succeed(EventStore, store),
        Layer.succeed(SqlClient.SqlClient, sql),
        cryptoLayer
      ])
    )
  ).pipe(Effect.map((services) => Context.get(services, Heads.Heads)))
  const later = TestClock.adjust("2 seconds")
  return { append, write, remake, gateway, later }
})

const to = (last: number, from = 1) => Array.range(from, last)

const contract = <E, R>(database: Effect.Effect<SqlClient.SqlClient, E, R>) =>
  [
    [
      "a head is signed when it is asked for, and the same one again while nothing came",
      Effect.gen(function* () {
        const { append, gateway, later, write } = yield* scene(yield* database)
        const [one, other] = [yield* gateway, yield* gateway]
        assert.strictEqual((yield* Effect.flip(one.newest))._tag, "HeadUnsigned")
        yield* append(5)
        yield* write(to(3))
        const first = yield* one.newest
        assert.deepStrictEqual([first.head.origin, first.head.size], ["homing/a-log", 3])
        const opened = yield* openHead(crypto, first.note, one.origin(), one.keys())
        assert.deepStrictEqual(opened?.head, first.head)
        yield* write(to(5, 4))
        assert.deepStrictEqual(yield* other.newest, first) // a moment ago
        yield* later
        const [second, same] = yield* Effect.all([other.newest, one.newest], { concurrency: "unbounded" })
        assert.strictEqual(second.head.size, 5)
        assert.deepStrictEqual(same, second)
        yield* later
        assert.deepStrictEqual(yield* one.newest, second)
      })
    ],
    [
      "of a log that was rewritten or put back nothing is signed, also after a restart, and both heads are named",
      Effect.gen(function* () {
        const { append, gateway, later, remake, write } = yield* scene(yield* database)
        yield* append(6)
        yield* write(to(5))
        const { head } = yield* (yield* gateway).newest
        yield* later
        const named = `${head.size} ${head.root.toBase64()}`
        yield* remake([1, 2, 4, 3, 5, 6])
        const forked = yield* Effect.flip((yield* gateway).newest)
        assert(forked._tag === "AuditContradicted")
        assert.deepStrictEqual([forked.contradiction, forked.signed], ["forked", named])
        assert.include(forked.message, named)
        assert.include(forked.message, forked.found)
        assert.notStrictEqual(forked.found, named)
        yield* remake([1, 2])
        assert.strictEqual((yield* (yield* gateway).newest).head.size, 5) // it is being made anew
        yield* remake([1, 6])
        const back = yield* Effect.flip((yield* gateway).newest)
        assert(back._tag === "AuditContradicted")
        assert.deepStrictEqual([back.contradiction, back.signed], ["rolled_back", named])
        yield* remake(to(6))
        assert.strictEqual((yield* (yield* gateway).newest).head.size, 6)
      })
    ],
    [
      "a witness' word is kept with the head that it is of, and nothing else is taken for one",
      Effect.gen(function* () {
        const { append, gateway, later, write } = yield* scene(yield* database)
        yield* append(3)
        yield* write(to(2))
        const heads = yield* gateway
        const first = yield* heads.newest
        const { text } = noteIn(first.note)!
        const line = signatureLine(yield* cosign(crypto, witness, text, 1_000))
        assert.isTrue(yield* heads.cosigned(2, witness, line))
        assert.isTrue(yield* heads.cosigned(2, witness, signatureLine(yield* cosign(crypto, witness, text, 2_000))))
        const shown = noteIn((yield* (yield* gateway).newest).note)!
        assert.strictEqual(shown.signatures.length, 2)
        assert.strictEqual(yield* cosignedBy(crypto, shown, witness), 2_000)
        assert.isFalse(yield* heads.cosigned(3, witness, line))
        assert.isFalse(yield* heads.cosigned(2, { ...witness, name: "agent.example/away" }, line))
        assert.isFalse(yield* heads.cosigned(2, witness, "no line"))
        const ofAnother = yield* cosign(crypto, witness, text.replace("\n2\n", "\n3\n"), 3_000)
        assert.isFalse(yield* heads.cosigned(2, witness, signatureLine(ofAnother)))
        yield* write([3])
        yield* later
        assert.strictEqual(noteIn((yield* heads.newest).note)!.signatures.length, 1)
      })
    ]
  ] as const

describe("signed heads in SQLite", () => {
  const database = Effect.map(
    Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" }))),
    (services) => Context.get(services, SqlClient.SqlClient)
  )
  for (const [what, holds] of contract(database)) it.effect(what, () => Effect.scoped(holds))

  it.effect("the log is looked at now and then without being asked, and an alarm is told once", () =>
    Effect.gen(function* () {
      const lines: globalThis.Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(JSON.stringify(message)))
      const { append, gateway, remake, write } = yield* scene(yield* database)
      yield* Effect.gen(function* () {
        yield* append(3)
        yield* write(to(3))
        const { head } = yield* (yield* gateway).newest
        yield* remake([2, 1, 3])
        for (let minute = 0; minute < 3; minute++) yield* TestClock.adjust("61 seconds")
        const told = lines.filter((line) => line.includes("nothing more is signed"))
        assert.strictEqual(told.length, 1)
        assert.include(told[0], `3 ${head.root.toBase64()}`)
      }).pipe(Effect.provide(Logger.layer([logger])))
    })
  )
})

describeWith("PostgreSQL", "signed heads in PostgreSQL", () => {
  it.layer(Postgres.layer)("side by side", (it) => {
    const database = Effect.flatMap(Postgres, (server) => Effect.flatMap(server.database, clientOf))
    for (const [what, holds] of contract(database)) it.effect(what, () => Effect.scoped(holds))
  })
})
