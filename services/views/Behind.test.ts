import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Metric } from "effect"
import { TestClock } from "effect/testing"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Behind from "./Behind.ts"
import { Views } from "./Views.ts"

const behindSeconds = Effect.map(Metric.snapshot, (metrics) => {
  const found = metrics.find(({ id }) => id === "homing_views_behind_seconds")
  return (found?.state as { readonly value: number } | undefined)?.value
})

it.effect("rows that lack what the log holds are behind, until they show it", () =>
  Effect.gen(function* () {
    let head = 1n
    let shown = 1n
    const caughtUp = yield* Deferred.make<void>()
    const views = { written: (position: bigint) => (position <= shown ? Effect.void : Deferred.await(caughtUp)) }
    yield* Layer.build(
      Behind.layer.pipe(
        Layer.provide([
          Layer.succeed(EventStore, { head: Effect.sync(() => head) } as unknown as EventStore["Service"]),
          Layer.succeed(Views, views as unknown as Views["Service"])
        ])
      )
    )
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(yield* behindSeconds, 0)
    head = 2n
    yield* TestClock.adjust("35 seconds")
    assert.strictEqual(yield* behindSeconds, 30) // since it was looked for
    shown = 2n
    yield* Deferred.succeed(caughtUp, undefined)
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(yield* behindSeconds, 0)
  })
)
