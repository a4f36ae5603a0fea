import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const { resolve } = createRequire(import.meta.url)
const libsignal = dirname(resolve("libsignal/src/curve.js"))
const baileys = join(dirname(resolve("libsignal/package.json")), "../@whiskeysockets/baileys/lib")
const sources = [libsignal, baileys].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
)

/** The method and the first words of every call to the console in the libraries' own sources. */
const calls = sources.flatMap((source) =>
  [...source.matchAll(/^[^/\n]*console\.(\w+)\(\s*["'`]([^"'`]+)/gm)].map(([, method, words]) => ({ method, words }))
)

describe("QuietLibsignal", () => {
  it("drops everything that libsignal and Baileys print, and nothing else", async () => {
    const printed: Array<unknown> = []
    const methods = ["log", "info", "warn", "error"] as const
    const before = methods.map((method) => console[method])
    for (const method of methods) console[method] = (...args: ReadonlyArray<unknown>) => printed.push(args[0])
    try {
      await import("./QuietLibsignal.ts")
      for (const { method, words } of calls) {
        assert.include(methods, method)
        for (const name of methods) console[name](`${words}`, { privKey: "secret" })
      }
      console.info("a line of ours", "Closing session:")
      console.error(new Error("Closing session:"))
    } finally {
      methods.forEach((method, index) => {
        console[method] = before[index]!
      })
    }
    assert.strictEqual(calls.length, sources.join("\n").match(/^[^/\n]*console\.\w+\(/gm)?.length)
    assert.isAbove(calls.length, 10)
    assert.deepStrictEqual(printed.map(String), ["a line of ours", "Error: Closing session:"])
  })
})
