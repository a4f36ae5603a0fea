import { assert } from "@effect/vitest"
import canonicalize from "canonicalize"
import { Cause, Effect, Exit } from "effect"
import type { JsonObject } from "#domain/Json.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { a, follow, freshStream, type It, newEvent } from "./Fixtures.ts"

export const canonicalJson = (it: It) => {
  it.effect("keeps JSON so that its canonical bytes can be recovered", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      const hostile: JsonObject = {
        z: 1,
        a: "\u0000\u0001\u001f\u007f\u2028\u2029\ufeff\ufffe",
        "😀": "👩‍👩‍👧‍👦 é e\u0301",
        "\u20ac": ['\r\n\t\b\f"\\/', ""],
        "\r": null,
        "10": 1e21,
        "9": [9007199254740991, -9007199254740991, 1e-7, 0.1, 123456789012345680000, 5e-324, 1.7976931348623157e308],
        "": [[], {}, [{}], [[[]]], true, false],
        ["__proto__"]: { constructor: "x", ["__proto__"]: "y" },
        long: "ü".repeat(100_000)
      }
      yield* store.append(stream, "no_stream", [newEvent("hostile.v1", hostile)])
      const [event] = yield* store.read(stream)
      assert.strictEqual(canonicalize(event!.data), canonicalize(hostile))
      const [subscribed] = yield* follow(store, stream, undefined, 1)
      assert.strictEqual(canonicalize(subscribed!.data), canonicalize(hostile))
    })
  )

  const notJson: Array<readonly [string, unknown]> = [
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate as a key", { "\udc00": 1 }],
    ["NaN", Number.NaN],
    ["an infinity", Number.POSITIVE_INFINITY],
    ["a bigint", 1n]
  ]
  for (const [name, value] of notJson) {
    it.effect(`takes ${name} for a defect, and stores nothing`, () =>
      Effect.gen(function* () {
        const store = yield* EventStore
        const stream = freshStream()
        const event = newEvent("bad.v1", { value } as JsonObject)
        const exit = yield* Effect.exit(store.append(stream, "no_stream", [a, event]))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        assert.deepStrictEqual(yield* store.read(stream), [])
      })
    )
  }

  it.effect("leaves out members that are undefined", () =>
    Effect.gen(function* () {
      const store = yield* EventStore
      const stream = freshStream()
      yield* store.append(stream, "no_stream", [newEvent("a.v1", { kept: 1, gone: undefined })])
      assert.deepStrictEqual((yield* store.read(stream))[0]!.data, { kept: 1 })
    })
  )
}
