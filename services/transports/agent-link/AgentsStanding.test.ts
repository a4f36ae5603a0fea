import { assert, it } from "@effect/vitest"
import { Clock, Context, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { uuidV7 } from "#domain/Identifiers.ts"
import { AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { Identity } from "../../identity/Identity.ts"
import * as AgentsHeard from "./AgentsHeard.ts"
import * as AgentsStanding from "./AgentsStanding.ts"

const home = AgentId.make("home")
const minute = 60_000

/** A gateway at which `home` is enrolled, and what it says of it. */
const scene = Effect.gen(function* () {
  const lines: Array<string> = []
  const trusted = new Map([[home, {}]])
  const identity = Layer.succeed(Identity, { agent: () => undefined, known: () => ({ trusted }) } as never)
  const logged = Logger.layer([
    Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${([message].flat() as Array<unknown>)[0]}`))
  ])
  yield* TestClock.setTime(Date.UTC(2026, 0, 1))
  const services = yield* Layer.build(
    AgentsStanding.layer().pipe(Layer.provideMerge(AgentsHeard.layer), Layer.provide([identity, logged]))
  )
  const standing = Context.get(services, AgentsStanding.AgentsStanding)
  const { beat } = Context.get(services, AgentsHeard.AgentsHeard)
  return {
    lines,
    trusted,
    warnings: Effect.map(standing.now, standing.warnings),
    now: Effect.map(standing.now, ({ heard, silent }) => [heard.length, silent.length]),
    beats: (offsetMillis = 0) =>
      Clock.currentTimeMillis.pipe(
        Effect.flatMap((millis) =>
          beat(home, EventId.make(uuidV7(crypto, millis)), {
            kind: "heartbeat",
            at: fromMillis(millis),
            protocol: 2,
            revision: 1,
            refused: 0,
            offsetMillis
          })
        )
      )
  }
})
const inMemory = SqliteClient.layer(":memory:", { durability: "checkpoint" })

it.effect("an agent that falls silent is told once, and warned of until it is heard again", () =>
  Effect.gen(function* () {
    const { beats, lines, now, warnings } = yield* scene
    yield* beats()
    yield* TestClock.adjust(minute)
    assert.deepStrictEqual([yield* now, yield* warnings, lines], [[1, 0], [], []])
    yield* TestClock.adjust(2 * minute)
    const silent = "Error an agent is silent; what is for its devices waits"
    assert.deepStrictEqual([yield* now, yield* warnings, lines], [[0, 1], ["agent_silent"], [silent]])
    yield* beats()
    yield* TestClock.adjust(minute)
    assert.deepStrictEqual([yield* now, yield* warnings, lines], [[1, 0], [], [silent, "Info an agent is heard again"]])
  }).pipe(Effect.provide(inMemory))
)

it.effect(
  "one that was never heard has its time from when it is known; one that is trusted no more is missed by nobody",
  () =>
    Effect.gen(function* () {
      const { now, trusted, warnings } = yield* scene
      yield* TestClock.adjust(minute)
      assert.deepStrictEqual([yield* now, yield* warnings], [[0, 0], []])
      yield* TestClock.adjust(minute)
      assert.deepStrictEqual([yield* now, yield* warnings], [[0, 1], ["agent_silent"]])
      trusted.delete(home)
      assert.deepStrictEqual([yield* now, yield* warnings], [[0, 0], []])
    }).pipe(Effect.provide(inMemory))
)

it.effect("one whose clock is wrong is warned of while it is heard", () =>
  Effect.gen(function* () {
    const { beats, warnings } = yield* scene
    yield* beats(AgentsHeard.skewMillis + 1)
    assert.deepStrictEqual(yield* warnings, ["agent_clock_off"])
    yield* TestClock.adjust(2 * minute)
    assert.deepStrictEqual(yield* warnings, ["agent_silent"])
  }).pipe(Effect.provide(inMemory))
)
