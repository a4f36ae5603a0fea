import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Freshness, LogElsewhere } from "../runtime/Freshness.ts"
import { Readiness } from "./Readiness.ts"
import { Views } from "./Views.ts"

/** A log, whose events come to this process, or do not. */
const scene = (elsewhere: boolean) => {
  const log = { there: true, head: 1n, stands: false, heard: Effect.void as Effect.Effect<void> }
  const head = Effect.suspend(() =>
    log.there
      ? Effect.succeed(log.head)
      : Effect.fail(new EventStoreUnavailable({ written: "no", cause: new Error("nobody answers") }))
  )
  const views = {
    reached: () => Effect.suspend(() => log.heard),
    written: () => Effect.void,
    stands: () => log.stands,
    rowsStand: () => log.stands
  }
  const layer = Readiness.layer.pipe(
    Layer.provide(Freshness.layer),
    Layer.provide([
      Layer.succeed(EventStore, { head } as EventStore["Service"]),
      Layer.succeed(Views, views as unknown as Views["Service"]),
      Layer.succeed(LogElsewhere, elsewhere)
    ])
  )
  return { log, layer }
}

describe("what a process knows of the log", () => {
  it.effect("is out of date after five seconds without a word, and good again with all that it missed", () => {
    const { layer, log } = scene(true)
    return Effect.gen(function* () {
      const { lag } = yield* Readiness
      yield* TestClock.adjust("1 second")
      assert.isUndefined(lag())
      log.there = false
      yield* TestClock.adjust("5 seconds")
      assert.isUndefined(lag())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(lag(), "out_of_date")

      const missed = yield* Deferred.make<void>()
      log.heard = Deferred.await(missed)
      log.there = true
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(lag(), "out_of_date") // the log answers, and what was missed is still to come
      yield* Deferred.succeed(missed, undefined)
      yield* TestClock.adjust("1 second")
      assert.isUndefined(lag())
    }).pipe(Effect.provide(layer))
  })

  it.effect("is out of date when the log answers and its events do not come", () => {
    const { layer, log } = scene(true)
    return Effect.gen(function* () {
      const { lag } = yield* Readiness
      yield* TestClock.adjust("1 second")
      log.heard = Effect.never
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual(lag(), "out_of_date")
    }).pipe(Effect.provide(layer))
  })

  it.effect("is out of date while what is in memory stands still, wherever the log is", () => {
    const { layer, log } = scene(false)
    return Effect.gen(function* () {
      const { lag, written } = yield* Readiness
      assert.deepStrictEqual([lag(), written()], [undefined, true])
      log.stands = true
      assert.deepStrictEqual([lag(), written()], ["out_of_date", false])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is never out of date when the log is in it", () => {
    const { layer, log } = scene(false)
    return Effect.gen(function* () {
      const { lag } = yield* Readiness
      log.there = false
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(lag())
    }).pipe(Effect.provide(layer))
  })
})
