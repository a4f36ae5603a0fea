import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"

const most = 100_000
const growthMb = 64 // timers of Baileys hold each of some hundred connections for up to a minute after its end

const run = async (...args: ReadonlyArray<string>) => {
  const program = join(import.meta.dirname, "Stanzas.ts")
  const child = spawn(process.execPath, ["--expose-gc", program, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  return { code, out, err }
}

describe("random stanzas", () => {
  it("end connections of the device that hears them, and nothing else", async () => {
    const { code, err, out } = await run("--count", `${most}`)
    assert.deepStrictEqual([code, err], [0, ""])
    const report = JSON.parse(out)
    assert.strictEqual(report.said, most)
    assert.isAbove(report.reasons.broken, 0)
    assert.isBelow(report.heapAtLast, report.heapAtFirst + growthMb)
  })

  it("end a process in which nothing guards Baileys", async () => {
    const { code, err } = await run("--bare", "--count", "5000")
    assert.strictEqual(code, 1)
    assert.match(err, /node_modules\/@whiskeysockets\/baileys/)
  })
})
