import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Redacted } from "effect"
import * as Log from "./Log.ts"

const logged = (level: Log.Level, effect: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    yield* Effect.provide(effect, Log.layer({ level, out: { write: (line) => lines.push(line) } }))
    return lines.map((line) => JSON.parse(line))
  })

describe("the log", () => {
  it.effect("says its words before what belongs to them, which may be long", () =>
    Effect.gen(function* () {
      const [line] = yield* logged("info", Effect.logWarning("x", { device: "y" }, new Error("long")))
      assert.deepStrictEqual(Object.keys(line!), ["level", "time", "msg", "device", "causes"])
    })
  )

  it.effect("writes JSON lines: level, time, words and fields", () =>
    Effect.gen(function* () {
      const [line] = yield* logged(
        "info",
        Effect.logInfo("agent enrolled", { agent: "home", attempt: 2 }).pipe(Effect.annotateLogs({ region: "local" }))
      )
      assert.match(line!.time, /^\d{4}-\d\d-\d\dT.*Z$/)
      const { time: _, ...rest } = line!
      assert.deepStrictEqual(rest, { level: "info", msg: "agent enrolled", agent: "home", attempt: 2, region: "local" })
    })
  )

  it.effect("leaves out what is below its level", () =>
    Effect.gen(function* () {
      const all = Effect.all([Effect.logDebug("a"), Effect.logInfo("b"), Effect.logWarning("c"), Effect.logError("d")])
      assert.deepStrictEqual(
        (yield* logged("warn", all)).map(({ level, msg }) => [level, msg]),
        [
          ["warn", "c"],
          ["error", "d"]
        ]
      )
    })
  )

  it.effect("asks nothing of what is below its level", () =>
    Effect.gen(function* () {
      let asked = 0
      const field = {
        get detail() {
          return `${++asked}`
        }
      }
      yield* logged("info", Effect.logDebug("x", field))
      assert.strictEqual(asked, 0)
      assert.strictEqual((yield* logged("debug", Effect.logDebug("x", field)))[0]!.detail, "1")
    })
  )

  it.effect("leaves long runs of digits out of every field, whatever its name, but not out of ids", () =>
    Effect.gen(function* () {
      const ids = {
        message: "01a204f5-2f41-7113-8bbe-012345678901",
        stream: "device-01a204f5-2f41-7113-8bbe-c43680128012"
      }
      const [line] = yield* logged(
        "info",
        Effect.logInfo("x", {
          detail: "cannot reach +60123456789",
          address: "60123456789@s.whatsapp.net",
          digits: "60123456789",
          almost: "01a204f5-2f41-7113-8bbe-012345678901/60123456789",
          nested: { deep: "60123456789" },
          offsetMillis: 12_345_678,
          at: "2026-11-22T20:22:00.241Z",
          ...ids
        }).pipe(Effect.annotateLogs({ noted: "for 60123456789" }))
      )
      const { level: _, msg: __, time: ___, ...fields } = line!
      assert.deepStrictEqual(fields, {
        detail: "cannot reach +[digits]",
        address: "[digits]@s.whatsapp.net",
        digits: "[digits]",
        almost: "01a204f5-2f41-7113-8bbe-[digits]/[digits]",
        nested: "[object]",
        offsetMillis: 12_345_678,
        at: "2026-11-22T20:22:00.241Z",
        ...ids,
        noted: "for [digits]"
      })
    })
  )

  it.effect("keeps objects, secrets and named personal fields to itself", () =>
    Effect.gen(function* () {
      const [line] = yield* logged(
        "info",
        Effect.logInfo("x", {
          message: { to: "+60123456789", text: "hello you" },
          key: Redacted.make("hk_secret"),
          text: "hello you",
          phone: "+60123456789"
        })
      )
      const text = JSON.stringify(line)
      for (const secret of ["60123456789", "hello you", "hk_secret"]) assert.notInclude(text, secret)
    })
  )

  it.effect("tells an error as such, wherever it stands among the words", () =>
    Effect.gen(function* () {
      const error = new Error("outer", { cause: new Error("the disk is full") })
      const lines = yield* logged("info", Effect.andThen(Effect.logError("x", error), Effect.logError("x", { error })))
      assert.deepStrictEqual(
        [lines[0].causes[0], lines[1].error].map(({ cause, message }) => [message, cause.message]),
        [
          ["outer", "the disk is full"],
          ["outer", "the disk is full"]
        ]
      )
    })
  )

  it.effect("does not repeat what goes wrong again and again in the same way", () =>
    Effect.gen(function* () {
      const warn = (agent: string) => Effect.logWarning("the bus is away", { agent }, Cause.fail(new Error("full")))
      const lines = yield* logged(
        "info",
        Effect.andThen(Effect.repeat(warn("home"), { times: 20 }), Effect.andThen(warn("cabin"), Effect.logInfo("x")))
      )
      assert.deepStrictEqual(
        lines.map(({ agent }) => agent),
        ["home", "home", "home", "cabin", undefined]
      )
    })
  )

  it.effect("takes lines for the same that tell of another request, and of another time that it took", () =>
    Effect.gen(function* () {
      const warn = (n: number) =>
        Effect.logWarning(
          "a port is unavailable",
          { request: `r${n}` },
          Cause.fail(new Error(`out after '${n}ms 5ns'`))
        )
      const lines = yield* logged("info", Effect.forEach([1, 22, 333, 4_444, 5], warn))
      assert.strictEqual(lines.length, 3)
    })
  )

  it.effect("leaves a short digest as it is", () =>
    Effect.gen(function* () {
      const [line] = yield* logged("info", Effect.logWarning("set aside", { digest: "0ad0536312345678" }))
      assert.strictEqual(line.digest, "0ad0536312345678")
    })
  )

  it.effect("tells a cause that has no message", () =>
    Effect.gen(function* () {
      const cause = Object.assign(new Error("x"), { message: undefined })
      const [line] = yield* logged("info", Effect.logWarning("failed", Cause.fail(new Error("outer", { cause }))))
      assert.deepInclude(line.causes[0].cause, { name: "Error", message: "" })
    })
  )

  it.effect("tells causes without the numbers in their words", () =>
    Effect.gen(function* () {
      const error = new Error("no session with 60123456789@s.whatsapp.net", {
        cause: new TypeError("deep 60123456789")
      })
      const [line] = yield* logged("info", Effect.logError("failed for 60123456789", Cause.die(error)))
      assert.notInclude(JSON.stringify(line), "60123456789")
      const [told] = line!.causes
      assert.deepStrictEqual([told.name, told.message], ["Error", "no session with [digits]@s.whatsapp.net"])
      assert.deepStrictEqual([told.cause.name, told.cause.message], ["TypeError", "deep [digits]"])
      assert.match(told.at[0], /^at .*Log\.test\.ts/)
    })
  )
})
