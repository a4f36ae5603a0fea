import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"
import { eventually, folder } from "./Homing.ts"
import { changed, message, post } from "./MetaFixture.ts"
import { atLeast, countOf, gateway, type Told, text, told, valueIn } from "./MetaKept.ts"

describe("what Meta tells", () => {
  it.live("that cannot be kept or read now is told to whoever operates it; what is none holds up nothing", () =>
    Effect.gen(function* () {
      let fault: "none" | "put" | "read" | "garbled" = "none"
      const unavailable = Effect.fail(new BlobsUnavailable({ cause: new Error("simulated") }))
      const unreliable = Layer.effect(
        Blobs,
        Effect.map(Blobs, (blobs) => ({
          ...blobs,
          put: (...asked) => Effect.suspend(() => (fault === "put" ? unavailable : blobs.put(...asked))),
          read: (name) =>
            Effect.suspend(() => {
              if (fault === "read") return unavailable
              return fault === "garbled" ? Effect.succeed(new Uint8Array(3)) : blobs.read(name)
            })
        }))
      )
      const path = yield* folder
      const homing = yield* gateway(path, {}, unreliable)
      const tell = (id: string) =>
        Effect.map(
          post(homing.url, text(changed({ messages: [message(id, "hello")] }))),
          ({ status, text }) => `${status} ${text}`
        )
      const said = (words: string) =>
        eventually(
          Effect.sync(() => homing.lines.filter((line) => line.includes(words))),
          (found) => found.length > 0
        )
      fault = "put"
      assert.strictEqual(yield* tell("A"), '503 {"error":"store"}')
      assert.strictEqual(yield* tell("A"), '503 {"error":"store"}')
      assert.lengthOf(yield* said("a webhook of Meta cannot be kept"), 1)
      fault = "read"
      assert.strictEqual(yield* tell("B"), '200 {"ok":true}')
      yield* said("subscription failed; it begins again")
      fault = "garbled"
      yield* said("the bytes of a webhook are damaged")
      fault = "none"
      assert.strictEqual(yield* tell("C"), '200 {"ok":true}')
      const wamidsOf = (all: ReadonlyArray<Told>) => all.map((one) => valueIn(one).messages[0].id)
      assert.deepStrictEqual(wamidsOf(yield* eventually(told(homing), atLeast(1))), ["wamid.C"])
      assert.strictEqual(countOf(path, "batch.lost.v1"), 1)
      const { body: metrics } = yield* homing.call("GET", "/metrics")
      assert.match(metrics.text, /homing_meta_lost_total\{reason="damaged"\} 1/)
      const kept = new DatabaseSync(join(path, "blobs.db"))
      kept.exec("UPDATE chunks SET box = x'00'")
      kept.close()
      assert.strictEqual(yield* tell("B"), '200 {"ok":true}') // Meta brings it once more
      assert.deepStrictEqual(wamidsOf(yield* eventually(told(homing), atLeast(2))), ["wamid.C", "wamid.B"])
      assert.strictEqual(countOf(path, "batch.split.v1"), 2)
    })
  )
})
