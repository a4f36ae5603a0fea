import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"

const here = JSON.stringify(`${import.meta.dirname}/Containment.ts`)

/** What a process says and how it ends, in which this is thrown a moment after it began. */
const run = (whose: "within" | "outside", thrown: string) =>
  spawnSync(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `
    import { Effect } from "effect"
    import { guardProcess, outside, within } from ${here}
    const breach = (cause) => console.log("told:", cause.message)
    const broken = new Error("broken")
    const begin = () => { ${thrown} }
    await Effect.runPromise(Effect.gen(function* () {
      yield* guardProcess
      yield* Effect.sync(() => within(breach, ${whose === "within" ? "begin" : "() => outside(begin)"}))
      yield* Effect.sleep(50)
      console.log("alive")
    }))`
    ],
    { cwd: import.meta.dirname, encoding: "utf8" }
  )

for (const [name, thrown] of [
  ["a timer throws", "setTimeout(() => { throw broken }, 5)"],
  ["a promise that nobody awaits rejects with", "(async () => { await null; throw broken })()"],
  ["a listener of a later event throws", "queueMicrotask(() => { throw broken })"]
] as const) {
  describe(`what ${name}`, () => {
    it("goes on the account of the work that began it", () => {
      const { status, stdout } = run("within", thrown)
      assert.deepStrictEqual([status, stdout], [0, "told: broken\nalive\n"])
    })

    it("is as fatal as ever on nobody's account", () => {
      const { status, stderr, stdout } = run("outside", thrown)
      assert.deepStrictEqual([status, stdout], [1, ""])
      assert.match(stderr, /Error: broken/)
    })
  })
}
