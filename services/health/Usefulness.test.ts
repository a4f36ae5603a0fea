import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import * as Log from "../telemetry/Log.ts"
import { Readiness } from "../views/Readiness.ts"
import { Views } from "../views/Views.ts"
import { Usefulness } from "./Usefulness.ts"

it.effect("tells why the store is of no use, also while nobody asks anything of it", () =>
  Effect.gen(function* () {
    const full = new EventStoreUnavailable({ written: "no", cause: new Error("database or disk is full") })
    const disk = { isFull: false }
    const lines: Array<string> = []
    const services = yield* Layer.build(
      Usefulness.layer.pipe(
        Layer.provide([
          Layer.succeed(EventStore, {
            head: Effect.succeed(undefined),
            appendable: Effect.suspend(() => (disk.isFull ? Effect.fail(full) : Effect.void))
          } as never),
          Layer.succeed(Views, { position: Effect.succeed(undefined) } as never),
          Layer.succeed(Readiness, { lag: () => undefined } as never)
        ])
      )
    )
    const { telling } = Context.get(services, Usefulness)
    yield* telling.pipe(
      Effect.provide(Log.layer({ level: "info", out: { write: (line) => lines.push(line) } })),
      Effect.forkScoped
    )
    const told = Effect.map(TestClock.adjust("3 seconds"), () => lines.splice(0).map((line) => JSON.parse(line)))
    assert.deepStrictEqual(
      (yield* told).map(({ msg }) => msg),
      ["ready"]
    )
    disk.isFull = true
    const [line] = yield* told
    assert.deepStrictEqual([line.msg, line.reason], ["not ready", "store_unavailable"])
    assert.strictEqual(line.causes[0].cause.message, "database or disk is full")
    disk.isFull = false
    assert.deepStrictEqual(
      (yield* told).map(({ msg }) => msg),
      ["ready"]
    )
  })
)
