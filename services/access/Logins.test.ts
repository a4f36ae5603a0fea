import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Redacted, References } from "effect"
import { configured } from "#domain/access/Client.ts"
import { Login } from "#domain/access/Login.ts"
import * as Clocks from "#domain/Clocks.ts"
import { defaultTenant } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteEventStore from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Projections from "../views/Projections.ts"
import { Readiness } from "../views/Readiness.ts"
import * as Authenticator from "./Authenticator.ts"
import { KeyUses } from "./KeyUses.ts"
import * as Logins from "./Logins.ts"
import * as LoginUses from "./LoginUses.ts"
import { OpenLogins } from "./OpenLogins.ts"
import { Roster } from "./Roster.ts"

/** Of one log, which every gateway here shares. */
const ports = Layer.mergeAll(
  SqliteEventStore.layer(":memory:"),
  Layer.effect(
    Provenance,
    Effect.map(Crypto, (crypto) => ({
      tenant: defaultTenant,
      region: "local",
      producer: "test",
      pepper: crypto.macKey(crypto.random(32))
    }))
  ),
  Layer.succeed(References.MinimumLogLevel, "None")
).pipe(Layer.provideMerge(NodeCrypto.layer))

const sessions = { hours: 12, idleMinutes: 60, perClient: 3 }

/** A gateway with a configured key, whose clock the test holds. */
const gateway = Effect.fnUntraced(function* (
  shared: Context.Context<Layer.Success<typeof ports>>,
  apiKey: string | null = "a configured key"
) {
  const database = InProcessLeases.layer.pipe(
    Layer.provideMerge(SqliteClient.layer(":memory:", { durability: "checkpoint" }))
  )
  const context = yield* Layer.build(
    Logins.layer(sessions).pipe(
      Layer.provideMerge(Authenticator.layer(apiKey === null ? undefined : Redacted.make(apiKey))),
      Layer.provideMerge([KeyUses.layer, LoginUses.layer({ ...sessions, lookMillis: 20 })]),
      Layer.provide(Layer.succeed(Readiness, { lag: () => undefined, written: () => true })),
      Layer.provideMerge(Projections.layer(Layer.merge(Roster.layer, OpenLogins.layer))),
      Layer.provideMerge(Layer.fresh(database)),
      Layer.provideMerge(Layer.succeedContext(shared))
    )
  ).pipe(Effect.provideService(Clock.Clock, Context.get(shared, Clock.Clock)))
  const { authenticateLogin } = Context.get(context, Authenticator.Authenticator)
  return {
    ...Context.get(context, Logins.Logins),
    isGood: (token: string) => typeof authenticateLogin(token) === "object",
    open: Context.get(context, Logins.Logins).open(configured)
  }
})
const admin = { ...configured, scopes: new Set(["admin"] as const), devices: "all" as const }
/** A log, and the clock of all who share it, which is put forward. */
const world = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  let millis = 0
  const shared = Context.add(
    yield* Layer.build(ports),
    Clock.Clock,
    Clocks.ahead(clock, () => millis)
  )
  return {
    shared,
    pass: (minutes: number) => {
      millis += minutes * 60_000
    }
  }
})

const told = (shared: Context.Context<EventStore>, id: Parameters<typeof Login.streamOf>[0]) =>
  Effect.map(Context.get(shared, EventStore).read(Login.streamOf(id)), (events) =>
    events.map((event) => {
      const { data, type } = Login.read(event)
      return "reason" in data ? `${type} ${data.reason}` : type
    })
  )

describe("a login", () => {
  it.live("ends after its hours, however much it is used", () =>
    Effect.gen(function* () {
      const { pass, shared } = yield* world
      const { isGood, open } = yield* gateway(shared)
      const { token } = yield* open
      for (let i = 0; i < 12 * 2 - 1; i++) {
        pass(30)
        assert.isTrue(isGood(token))
      }
      pass(30)
      assert.isFalse(isGood(token))
    })
  )

  it.live("ends when nothing is asked by it for its idle time, and not before", () =>
    Effect.gen(function* () {
      const { pass, shared } = yield* world
      const { isGood, list, open } = yield* gateway(shared)
      const { token } = yield* open
      pass(59)
      assert.isTrue(isGood(token))
      pass(59)
      assert.isTrue(isGood(token))
      pass(60)
      assert.isFalse(isGood(token))
      assert.deepStrictEqual(list(admin), [])
    })
  )

  it.live("that is in use here is not idle elsewhere: the log is told, now and then", () =>
    Effect.gen(function* () {
      const { pass, shared } = yield* world
      const [here, there] = [yield* gateway(shared), yield* gateway(shared)]
      const { id, token } = yield* here.open
      for (let i = 0; i < 12; i++) {
        pass(10)
        assert.isTrue(here.isGood(token))
        yield* Effect.sleep("60 millis")
      }
      const uses = (yield* told(shared, id)).filter((type) => type === "access.login_used")
      assert.isAtLeast(uses.length, 3)
      assert.isAtMost(uses.length, 8) // one in a quarter of an hour
      yield* there.hear
      assert.isTrue(there.isGood(token))
    })
  )

  it.live("that is one too many ends the oldest, and tidies up what nobody can use", () =>
    Effect.gen(function* () {
      const { pass, shared } = yield* world
      const { isGood, list, open } = yield* gateway(shared)
      const left = yield* open
      pass(120)
      const [first, second, third, fourth] = yield* Effect.replicateEffect(open, 4)
      assert.deepStrictEqual(
        [first, second, third, fourth].map((one) => isGood(one!.token)),
        [false, true, true, true]
      )
      assert.lengthOf(list(admin), 3)
      assert.strictEqual((yield* told(shared, left.id)).at(-1), "access.logged_out expired")
      assert.strictEqual((yield* told(shared, first!.id)).at(-1), "access.logged_out crowded")
    })
  )

  it.live("ends with its very key: another in its place does not open it", () =>
    Effect.gen(function* () {
      const { shared } = yield* world
      const { hear, isGood, offer, open, redeem } = yield* gateway(shared)
      const { token } = yield* open
      const { link } = yield* offer(configured)
      const other = yield* gateway(shared, "another configured key")
      const none = yield* gateway(shared, null)
      yield* Effect.all([hear, other.hear, none.hear])
      assert.deepStrictEqual([isGood(token), other.isGood(token), none.isGood(token)], [true, false, false])
      assert.strictEqual((yield* Effect.flip(other.redeem(link)))._tag, "LoginRefused")
      assert.isTrue(isGood((yield* redeem(link)).token))
    })
  )

  it.live("is not begun by a link that came too late", () =>
    Effect.gen(function* () {
      const { pass, shared } = yield* world
      const { offer, redeem } = yield* gateway(shared)
      const { link } = yield* offer(configured)
      pass(10)
      assert.strictEqual((yield* Effect.flip(redeem(link)))._tag, "LoginRefused")
    })
  )

  it.live("is ended elsewhere", () =>
    Effect.gen(function* () {
      const { shared } = yield* world
      const [here, there] = [yield* gateway(shared), yield* gateway(shared)]
      const { id, token } = yield* here.open
      yield* there.hear
      assert.isTrue(there.isGood(token))
      yield* there.end(admin, id)
      yield* eventually(
        Effect.sync(() => here.isGood(token)),
        (isGood) => !isGood
      )
    })
  )
})
