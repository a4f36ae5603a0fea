import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AccessRecord } from "#domain/access/AccessRecord.ts"
import { ApiKeyId, ClientId, defaultTenant } from "#domain/Ids.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { ask, gateway, isProblem } from "../testing/GatewayFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import * as AccessLog from "./AccessLog.ts"

const client = ClientId.make(uuid(201))
const [one, other] = [ApiKeyId.make("one1"), ApiKeyId.make("other")]

/** Over a store that may be away; what was stored, in order. */
const scene = Effect.fnUntraced(function* (reads = true) {
  const stored: Array<NewEvent> = []
  const way = { isOpen: true }
  const unavailable = new EventStoreUnavailable({ written: "no", cause: new Error("away") })
  const store = Layer.effect(
    EventStore,
    Effect.map(Effect.context<EventStore>(), (context) => {
      const own = Context.get(context, EventStore)
      return EventStore.of({
        ...own,
        append: (stream, expected, events) =>
          Effect.suspend(() => (way.isOpen ? own.append(stream, expected, events) : Effect.fail(unavailable))).pipe(
            Effect.tap(Effect.sync(() => void stored.push(...events)))
          )
      })
    })
  ).pipe(Layer.provide(Sqlite.layer(":memory:")))
  const provenance = Layer.succeed(Provenance, {
    tenant: defaultTenant,
    region: "local",
    producer: "test",
    pepper: NodeCrypto.crypto.macKey(new Uint8Array(32))
  })
  const built = AccessLog.layer({ reads }).pipe(Layer.provide([store, provenance]), Layer.provide(NodeCrypto.layer))
  const log = Context.get(yield* Layer.build(built), AccessLog.AccessLog)
  const told = () =>
    stored.map((event) => {
      const { data, type } = AccessRecord.read({ ...event, eventId: event.eventId })
      const { since: _, ...rest } = data
      return { type, ...rest }
    })
  return { log, told, way }
})

describe("the access log", () => {
  it.effect("gathers reads: one event a minute for each client and kind, however many there were", () =>
    Effect.gen(function* () {
      const { log, told } = yield* scene()
      for (let i = 0; i < 1_000; i++) log.noteRead({ client, key: i % 2 === 0 ? one : other }, "messages")
      log.noteRead({ client, key: one }, "chats")
      assert.deepStrictEqual(told(), [])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told(), [
        { type: "access.read", client, keys: [one, other], of: "messages", count: 1_000 },
        { type: "access.read", client, keys: [one], of: "chats", count: 1 }
      ])
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(told(), 2)
    })
  )

  it.effect("keeps what it could not record, and records it once", () =>
    Effect.gen(function* () {
      const { log, told, way } = yield* scene()
      way.isOpen = false
      log.noteRead({ client, key: one }, "messages")
      yield* TestClock.adjust("1 minute")
      log.noteRead({ client, key: one }, "messages")
      yield* TestClock.adjust("10 minutes")
      way.isOpen = true
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(
        told().map((event) => event.count),
        [1, 1]
      )
    })
  )

  it.effect("records what it gathered when it stops", () =>
    Effect.gen(function* () {
      let told: () => ReadonlyArray<unknown> = () => []
      yield* Effect.scoped(
        Effect.gen(function* () {
          const found = yield* scene()
          told = found.told
          found.log.noteRead({ client, key: one }, "messages")
          found.log.noteRefused(undefined)
        })
      )
      assert.deepStrictEqual(told(), [
        { type: "access.read", client, keys: [one], of: "messages", count: 1 },
        { type: "access.login_refused", count: 1 }
      ])
    })
  )

  it.effect("may leave reads out, and nothing else", () =>
    Effect.gen(function* () {
      const { log, told } = yield* scene(false)
      log.noteRead({ client, key: one }, "messages")
      log.noteRefused(client)
      yield* log.record({ client, key: one }, "exported", "contacts")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told(), [
        { type: "access.exported", client, keys: [one], of: "contacts", count: 1 },
        { type: "access.login_refused", client, count: 1 }
      ])
    })
  )
})

layer(gateway(), { excludeTestServices: true })("GET /v1/access-log", (it) => {
  const clientWith = (...scopes: ReadonlyArray<string>) =>
    Effect.map(ask("POST", "/v1/clients", { body: { name: "shop", scopes } }), ({ json }) => json)
  const entries = (query = "") => Effect.map(ask("GET", `/v1/access-log${query}`), ({ json }) => json.items)

  it.effect("shows logins and exports to who may audit, newest first, page by page", () =>
    Effect.gen(function* () {
      const shop = yield* clientWith("messages:read")
      const auditor = yield* clientWith("audit:read")
      isProblem(yield* ask("GET", "/v1/access-log", { key: shop.key.secret }), "forbidden")
      const opened = yield* ask("POST", "/v1/session", { key: "", body: { key: shop.key.secret } })
      const table = yield* ask("GET", "/v1/contacts?format=csv", { key: shop.key.secret })
      assert.strictEqual(table.status, 200)
      yield* ask("DELETE", `/v1/sessions/${opened.json.id}`)
      const told = yield* eventually(entries(), (items) => items.length === 3)
      const [ended, exported, begun] = told.map(
        ({ at: _, id: __, since: ___, ...rest }: Record<string, unknown>) => rest
      )
      const keys = [shop.key.id]
      assert.deepStrictEqual(begun, {
        type: "access.logged_in",
        client: shop.id,
        keys,
        by: shop.key.id,
        session: opened.json.id,
        count: 1,
        reason: "key"
      })
      assert.deepStrictEqual(exported, {
        type: "access.exported",
        client: shop.id,
        keys,
        by: shop.key.id,
        of: "contacts",
        count: 1
      })
      assert.deepStrictEqual(ended, {
        type: "access.logged_out",
        client: shop.id,
        keys,
        by: "configured",
        session: opened.json.id,
        count: 1,
        reason: "revoked"
      })
      const first = yield* ask("GET", "/v1/access-log?limit=2", { key: auditor.key.secret })
      assert.deepStrictEqual(first.json.items, told.slice(0, 2))
      const second = yield* ask("GET", `/v1/access-log?limit=2&after=${first.json.next}`)
      assert.deepStrictEqual(second.json, { items: told.slice(2), next: null })
      assert.lengthOf(yield* entries(`?client=${shop.id}`), 3)
      isProblem(yield* ask("GET", "/v1/access-log?client=x"), "invalid_request")
      isProblem(yield* ask("GET", "/v1/access-log?after=x"), "invalid_request")
    })
  )
})
