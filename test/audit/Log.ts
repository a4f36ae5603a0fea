import { cpSync } from "node:fs"
import { join } from "node:path"
import { Array, Context, Effect, Layer, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { noteText, signNote, verifierKey } from "#domain/audit/Note.ts"
import { headText } from "#domain/audit/TreeHead.ts"
import { type CommandId, defaultTenant, type EventId, type StreamId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { NewEvent, RecordedEvent } from "#domain/Recorded.ts"
import { crypto, layer as cryptoLayer } from "#infra/crypto/NodeCrypto.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as EntryRows from "#services/audit/EntryRows.ts"
import * as ProofRows from "#services/audit/ProofRows.ts"
import * as TreeRows from "#services/audit/TreeRows.ts"
import { entryLine, firstLine, lastLine } from "#services/cli/AuditExport.ts"
import type { Dice } from "../crash/Dice.ts"

/** A log and its audit tree in files, as the gateway leaves them, and what is exported of them. */

const { key, publicKey } = crypto.signingKey(new Uint8Array(32).fill(7))
const origin = "homing/00000000-0000-7000-8000-000000000001"
const signer = { name: origin, type: 1 as const, key, publicKey: Uint8Array.from(publicKey) }
export const logKey = verifierKey(crypto, signer)

export const [logFile, treeFile] = ["log.db", "views.db"] as const

const uuid = (dice: Dice) => {
  const digits = Array.makeBy(32, () => dice.below(16).toString(16)).join("")
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`
}

export const eventOf = (dice: Dice, type: string): NewEvent => ({
  eventId: uuid(dice) as EventId,
  type,
  data: {
    at: fromMillis(dice.below(2 ** 40)),
    attempt: 1 + dice.below(3),
    ...(dice.below(3) === 0 && {
      evidence: crypto.sha256(Uint8Array.of(dice.below(256))).toBase64({ alphabet: "base64url", omitPadding: true })
    }),
    text: `sealed ${uuid(dice)}`
  },
  metadata: {
    v: 1,
    tenant: defaultTenant,
    actor: { kind: "gateway", id: "gateway" },
    commandId: uuid(dice) as CommandId,
    correlationId: "trial",
    causationId: "trial",
    occurredAt: fromMillis(dice.below(2 ** 40)),
    region: "local",
    producer: "trial"
  }
})

const opened = (folder: string) =>
  Effect.gen(function* () {
    const layers = Layer.mergeAll(
      SqliteEventStore.layer(join(folder, logFile)),
      SqliteClient.layer(join(folder, treeFile), { durability: "checkpoint" }),
      cryptoLayer
    )
    const services = yield* Layer.build(Layer.fresh(layers))
    return { services, store: Context.get(services, EventStore), sql: Context.get(services, SqlClient.SqlClient) }
  })

/** Appends so many events of several streams. */
export const grow = (folder: string, dice: Dice, count: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { store } = yield* opened(folder)
      const streams: Array<{ readonly id: StreamId; revision: number }> = []
      for (let i = 0; i < count; i++) {
        const isNew = streams.length === 0 || dice.below(3) === 0
        const stream = isNew
          ? { id: `message-${uuid(dice)}` as StreamId, revision: -1 }
          : streams[dice.below(streams.length)]!
        if (isNew) streams.push(stream)
        const expected = stream.revision < 0 ? "no_stream" : stream.revision
        yield* store.append(stream.id, expected, [eventOf(dice, isNew ? "message.queued.v2" : "message.attempting.v1")])
        stream.revision++
      }
    })
  )

const eventsIn = (store: EventStore["Service"]) =>
  Effect.gen(function* () {
    const head = yield* store.head
    if (head === undefined) return []
    const all = store.subscribe({ categories, after: undefined })
    return yield* Stream.runCollect(Stream.takeUntil(all, ({ position }) => position >= head))
  })

/** Makes the tree from the log, a few events at a time. `skipping`: this leaf is left out, which is a lie. */
export const makeTree = (folder: string, dice: Dice, skipping?: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { sql, store } = yield* opened(folder)
      const view = TreeRows.treeView(crypto.sha256)
      for (const { name } of view.tables) yield* sql`DROP TABLE IF EXISTS ${sql(name)}`
      yield* view.setup(sql)
      const writer = view.writer()
      let events: ReadonlyArray<RecordedEvent> = (yield* eventsIn(store)).filter((_, i) => i !== skipping)
      while (Array.isReadonlyArrayNonEmpty(events)) {
        const some = Array.take(events, 1 + dice.below(40))
        yield* sql.withTransaction(writer.apply(sql, some as [RecordedEvent]))
        writer.applied?.()
        events = events.slice(some.length)
      }
    })
  )

/** The head over the first `size` leaves, or all, signed by the log's key. */
export const sign = (folder: string, size?: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { services } = yield* opened(folder)
      const stand = yield* Effect.flatten(Effect.provideContext(TreeRows.standing, services))
      const { rootAt } = yield* Effect.provideContext(ProofRows.make, services)
      const head = { origin, size: size ?? stand.size, root: yield* rootAt(size ?? stand.size) }
      const text = headText(head)
      return { size: head.size, note: noteText({ text, signatures: [yield* signNote(crypto, signer, text)] }) }
    })
  )

/** What is exported under this head, line by line. */
export const exported = (folder: string, { note, size }: { readonly note: string; readonly size: number }) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { services } = yield* opened(folder)
      const entries = yield* Effect.provideContext(EntryRows.make, services)
      const lines = [firstLine(origin, size)]
      for (let from = 0; from < size; from += 500) {
        const items = yield* entries(from, Math.min(size, from + 500))
        lines.push(...items.map(entryLine))
      }
      return [...lines, lastLine(note)].map((line) => line.trimEnd())
    })
  )

export const copy = (from: string, to: string) => {
  for (const file of [logFile, treeFile]) cpSync(join(from, file), join(to, file))
}

export type Run<A> = Effect.Effect<A, unknown, Scope.Scope>
