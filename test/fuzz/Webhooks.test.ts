import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"

const most = 2_000
const growthMb = 32

const run = async (...args: ReadonlyArray<string>) => {
  const program = join(import.meta.dirname, "Webhooks.ts")
  const child = spawn(process.execPath, ["--expose-gc", program, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  return { code, out, err }
}

describe("bodies that nobody should have sent", () => {
  it("are answered as they deserve, and change nothing for whoever comes next", async () => {
    const { code, err, out } = await run("--count", `${most}`)
    assert.deepStrictEqual([code, err], [0, ""])
    const { answers, kept, memoryAtFirst, memoryAtLast, said } = JSON.parse(out)
    assert.strictEqual(said, most)
    assert.isAbove(kept, most / 20)
    assert.includeMembers(Object.keys(answers), ["200", "400", "401", "422", "429"])
    assert.isBelow(memoryAtLast, memoryAtFirst + growthMb)
  })

  it("would be found if nobody looked at signatures", async () => {
    const { code, err } = await run("--deceived", "--count", "200")
    assert.strictEqual(code, 1)
    assert.match(err, /answered 4(01|29), not signed/)
  })
})
