import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { ApiKeyId, ClientId, DeviceId, defaultTenant, type MessageId, StreamId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { newEvent } from "#infra/event-store/contract/Fixtures.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import { Roster } from "../access/Roster.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import * as MessageActors from "../messages/MessageActors.ts"
import { Messages, type SendRequest } from "../messages/Messages.ts"
import * as MessagesLive from "../messages/MessagesLive.ts"
import { QueueDepth } from "../messages/QueueDepth.ts"
import { Waits, layer as waits } from "../messages/Waits.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Caller } from "../runtime/Caller.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Projections from "../views/Projections.ts"
import { type Lag, Readiness } from "../views/Readiness.ts"
import { Views } from "../views/Views.ts"
import { unreliable } from "./UnreliableStore.ts"
import { deviceChanged, deviceCreated, reported, uuid } from "./ViewsFixture.ts"

export const device = DeviceId.make(uuid(101))
export const otherDevice = DeviceId.make(uuid(102))
export const caller: Caller = { client: ClientId.make(uuid(201)), key: ApiKeyId.make("key1") }
export const streamOf = (id: MessageId) => StreamId.make(`message-${id}`)

/** A request that waits for nothing, unless it says so. */
export const requestOf = (n: number, over: Partial<SendRequest> = {}): SendRequest => ({
  idempotencyKey: `order-${n}`,
  device,
  to: { kind: "phone", address: PhoneNumber.make("+60123456789") },
  content: { type: "text", text: `text ${n}` },
  confirm: { until: "sent", timeoutMs: 0 },
  expiresInSeconds: 3_600,
  tags: {},
  ...over
})

const secret = () => Effect.succeed(Redacted.make(new Uint8Array(32).fill(1)))
const provenance = Layer.succeed(Provenance, {
  tenant: defaultTenant,
  region: "home",
  producer: "test",
  pepper: NodeCrypto.crypto.macKey(new Uint8Array(32))
})

/** What a message needs around it, and nothing else; `limits` are wide where a test does not say. */
const surroundings = (limits: Partial<MessagesLive.QueueLimits>, lag: () => Lag | undefined) =>
  MessagesLive.layer({ perDevice: 1_000, total: 1_000, waits: 1_000, ...limits }).pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        waits,
        MessageActors.layer,
        Personal.layer,
        Projections.layer(Layer.mergeAll(DeviceRegistry.layer, QueueDepth.layer, Roster.layer)),
        Layer.succeed(Readiness, { lag, written: () => true })
      )
    ),
    Layer.provide(InProcessLeases.layer),
    Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" })),
    Layer.provide(provenance)
  )

/** Accepting messages for two paired devices, over a log in memory that fails on demand. */
export const messaging = Effect.fnUntraced(function* (limits: Partial<MessagesLive.QueueLimits> = {}) {
  const world = {
    /** What this process knows may be the past. */
    lag: undefined as Lag | undefined,
    /** Before the log is asked to take something, and after it has. */
    before: Effect.void as Effect.Effect<void>,
    after: (_: StreamId): Effect.Effect<void> => Effect.void,
    /** Before anybody who follows the log hears of what it took. */
    hearing: Effect.void as Effect.Effect<void>
  }
  const { become, layer: faulty } = unreliable()
  const log = yield* Layer.build(Sqlite.layer(":memory:"))
  const store = Context.get(log, EventStore)
  const watched = Layer.succeed(EventStore, {
    ...store,
    subscribe: (from) => Stream.tap(store.subscribe(from), () => Effect.suspend(() => world.hearing)),
    append: (stream, ...asked) =>
      Effect.andThen(
        Effect.suspend(() => world.before),
        Effect.tap(store.append(stream, ...asked), () => world.after(stream))
      )
  })
  const services = yield* surroundings(limits, () => world.lag).pipe(
    Layer.provide(Layer.provide(faulty, watched)),
    Layer.provideMerge(SqliteSubjectKeys.layer(":memory:")),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provide(Layer.succeed(SecretVault, { obtain: secret, find: secret })),
    Layer.fresh,
    Layer.build
  )
  const views = Context.get(services, Views)

  /** Writes what another process may, which shares the log. */
  const record = Effect.fnUntraced(function* (stream: StreamId, type: string, data: object) {
    const revision = (yield* store.read(stream)).length - 1
    const event = newEvent(type, data as never)
    return yield* store.append(stream, revision < 0 ? "no_stream" : revision, [event])
  }, Effect.orDie)

  const tell = (of: DeviceId, step: number, change: string) => {
    const { data, stream, type } = change === "created" ? deviceCreated(of, 0n) : deviceChanged(of, step, 0n, change)
    return Effect.flatMap(record(stream, type, data), ({ position }) => views.reached(position))
  }
  for (const one of [device, otherDevice]) for (const change of ["created", "paired"]) yield* tell(one, 0, change)

  return {
    messages: Context.get(services, Messages),
    keys: Context.get(services, SubjectKeys),
    waits: Context.get(services, Waits),
    sql: Context.get(services, SqlClient.SqlClient),
    store,
    world,
    become,
    /** What becomes of a device, as its agent says. */
    tell,
    record,
    /** What an agent says of a message. */
    report: (id: MessageId, kind: string) => {
      const { data, type } = reported(1, 1, 0n, kind)
      return Effect.asVoid(record(streamOf(id), type, data))
    },
    /** Until this process counts all that the log holds. */
    counted: Effect.flatMap(Effect.orDie(store.head), (head) =>
      head === undefined ? Effect.void : views.counted(head)
    )
  }
})
