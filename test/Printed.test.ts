import { execFileSync } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

/** What a command prints into a pipe that is read slowly, into a disk that is full, and to somebody who has left. */

const room = resolve(import.meta.dirname, "../services/cli")
const program = `
  import { Effect } from "effect"
  import { runMain } from ${JSON.stringify(`${room}/Main.ts`)}
  import { say } from ${JSON.stringify(`${room}/Terminal.ts`)}
  runMain(Effect.sync(() => { for (let i = 0; i < 1_000; i++) say("x".repeat(999)) }))`

const shell = (text: string) =>
  execFileSync("bash", ["-c", text], {
    cwd: resolve(import.meta.dirname, ".."),
    encoding: "utf8",
    env: { ...process.env, PROGRAM: program }
  }).trim()
const printing = `"${process.execPath}" --input-type=module -e "$PROGRAM"`

describe("what a command prints", { timeout: 60_000 }, () => {
  it("arrives whole, however slowly it is read", () => {
    assert.strictEqual(shell(`${printing} | (sleep 2; wc -c)`), "1000000")
  })

  it.skipIf(process.platform !== "linux")("is not called printed where the disk is full", () => {
    assert.match(shell(`${printing} 2>&1 >/dev/full; echo "ended with $?"`), /cut off: ENOSPC.*\nended with 1$/)
  })

  it("ends nothing when its reader has read enough", () => {
    assert.strictEqual(shell(`${printing} | head -c 1; echo " \${PIPESTATUS[0]}"`), "x 0")
  })
})
