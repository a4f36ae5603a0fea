import { type Array, Context, Effect, Layer, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { CommandId, defaultTenant, EventId, StreamId, SubjectId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { type Projection, Registrations } from "../views/Registrations.ts"
import type { RowsView, RowsWriter } from "../views/RowsView.ts"

/** Databases for views, one after the other, each with nothing in it. */
export class Databases extends Context.Service<
  Databases,
  { readonly empty: Effect.Effect<SqlClient.SqlClient, never, Scope.Scope> }
>()("homing/services/views/Databases") {}

export const emptyDatabase = Effect.flatMap(Databases, (databases) => databases.empty)

export const at = fromMillis(0)
export const sealed = { subject: SubjectId.make("s".repeat(43)), key: "1", iv: "aXY", box: "Ym94" }
export const uuid = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, "0")}`
const eventId = EventId.make(uuid(0))

/** Where EventStoreDB's log may have come in many years: no double holds these apart. */
export const far = 2n ** 63n - 1_000n

export const recorded = (
  stream: string,
  revision: number,
  position: bigint,
  event: { readonly type: string; readonly data: object }
): RecordedEvent => ({
  stream: StreamId.make(stream),
  revision,
  position,
  recordedAt: at,
  eventId,
  type: event.type,
  data: event.data as JsonObject,
  metadata: {
    v: 1,
    tenant: defaultTenant,
    actor: { kind: "gateway", id: "gateway" },
    commandId: CommandId.make(uuid(0)),
    correlationId: "story",
    causationId: "request",
    occurredAt: at,
    region: "local",
    producer: "test"
  }
})

export const [home, away] = [uuid(101), uuid(102)]
export const queued = (n: number, position: bigint, device: string) =>
  recorded(`message-${uuid(n)}`, 0, position, {
    type: "message.queued.v1",
    data: {
      content: { body: sealed, kind: "text" },
      contentDigest: "digest",
      device,
      expiresAt: at,
      recipient: { address: sealed, kind: "phone" },
      recipients: [sealed.subject],
      tags: {},
      transport: "whatsapp-web",
      waMessageId: "3EB0000000000000000001"
    }
  })
export const reported = (n: number, revision: number, position: bigint, kind: string) =>
  recorded(`message-${uuid(n)}`, revision, position, {
    type: `message.${kind}.v1`,
    data: {
      attempt: 1,
      at,
      ...((kind === "failed" || kind === "unknown") && { code: kind === "failed" ? "403" : "ack_timeout" })
    }
  })

export const deviceCreated = (id: string, position: bigint, agent = "home") =>
  recorded(`device-${id}`, 0, position, {
    type: "device.created.v1",
    data: { agent, name: sealed, pairing: { method: "qr" } }
  })
export const deviceChanged = (id: string, revision: number, position: bigint, change: string) =>
  recorded(`device-${id}`, revision, position, {
    type: `device.${change}.v1`,
    data: {
      at,
      evidence: "",
      step: revision,
      ...(["disconnected", "logged_out"].includes(change) && { reason: "network" })
    }
  })

/** Whose log it is, for tests that have no more of it than views. */
export const provenance = Layer.merge(
  NodeCrypto.layer,
  Layer.succeed(Provenance, {
    tenant: defaultTenant,
    region: "local",
    producer: "test",
    pepper: NodeCrypto.crypto.macKey(new Uint8Array(32))
  })
)

/** A projection as one process has it: what is in memory, and a writer of its rows. */
export const begun = <I, S>(service: Context.Key<I, S>, layer: Layer.Layer<I, never, Registrations>) =>
  Layer.build(Layer.fresh(Layer.provideMerge(layer, Registrations.layer))).pipe(
    Effect.map((context) => {
      const [projection] = Context.get(context, Registrations).all()
      return { ...projection!, shown: Context.get(context, service), writer: projection!.rows.writer() }
    })
  )

/** What is in memory as a start reads it from the rows. */
export const hydrated = <A extends Pick<Projection, "memory">, R>(
  sql: SqlClient.SqlClient,
  starting: Effect.Effect<A, never, R>
) => Effect.tap(starting, ({ memory }) => memory!.hydrate(sql))

/** As the runner does, a transaction at a time; memory hears the same events. */
export const write = (
  { memory, writer }: Pick<Projection, "memory"> & { readonly writer: RowsWriter },
  sql: SqlClient.SqlClient,
  ...events: Array.NonEmptyArray<RecordedEvent>
) =>
  Effect.andThen(
    sql.withTransaction(writer.apply(sql, events)),
    Effect.sync(() => {
      writer.applied?.()
      memory?.follow(events)
    })
  )

/** What registers itself, with its rows altered. */
export const altered = <A, E, R>(
  registering: Layer.Layer<A, E, R | Registrations>,
  alter: (rows: RowsView) => RowsView
) =>
  registering.pipe(
    Layer.provide(
      Layer.effect(
        Registrations,
        Effect.map(Registrations, ({ all, register }) => ({
          all,
          register: ({ rows, ...projection }: Projection) => register({ ...projection, rows: alter(rows) })
        }))
      )
    )
  )

/** The same rows, but written like this. */
export const writtenBy =
  (apply: (own: RowsWriter["apply"]) => RowsWriter["apply"]) =>
  (rows: RowsView): RowsView => ({
    ...rows,
    writer: () => {
      const own = rows.writer()
      return { ...own, apply: apply(own.apply) }
    }
  })
