import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Needs, layer as needsLayer } from "../runtime/Needs.ts"
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

it.effect("is of no use without what it needs, unless that is somebody else's part", () =>
  Effect.gen(function* () {
    const away = new Error("away")
    const now = { keys: true, ledger: true }
    const need = (name: keyof typeof now) => Effect.suspend(() => (now[name] ? Effect.void : Effect.fail(away)))
    const services = yield* Layer.build(
      Usefulness.layer.pipe(
        Layer.provide([
          Layer.succeed(EventStore, { head: Effect.succeed(undefined), appendable: Effect.void } as never),
          Layer.succeed(Readiness, { lag: () => undefined } as never),
          Layer.effect(
            Needs,
            Effect.gen(function* () {
              const needs = Context.get(yield* Layer.build(needsLayer), Needs)
              needs.add({ ready: need("keys") })
              needs.add({ ready: need("ledger"), warning: "agent_ledger" })
              return needs
            })
          )
        ])
      )
    )
    const { hindrance, warnings } = Context.get(services, Usefulness)
    const found = Effect.andThen(TestClock.adjust("2 seconds"), Effect.all([hindrance, warnings]))
    assert.deepStrictEqual(yield* found, [undefined, []])
    now.ledger = false
    assert.deepStrictEqual(yield* found, [undefined, ["agent_ledger"]])
    now.keys = false
    assert.deepStrictEqual(yield* found, ["store_unavailable", ["agent_ledger"]])
    now.keys = true
    assert.deepStrictEqual(yield* found, [undefined, ["agent_ledger"]])
  })
)
