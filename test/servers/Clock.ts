import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { faketime } from "./Installed.ts"

export interface MachineClock {
  /** For a process that goes by this clock. */
  readonly env: Readonly<Record<string, string>>
  /** Sets it, also while the process runs, so many seconds before the right time; the steady clock goes on. */
  readonly set: (aheadSeconds: number) => Effect.Effect<void>
}

/** The clock of a machine of its own, right until it is set. */
export const machineClock: Effect.Effect<MachineClock, never, Scope.Scope> = Effect.gen(function* () {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "homing-clock-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const file = join(directory, "offset")
  const set = (aheadSeconds: number) =>
    Effect.sync(() => {
      writeFileSync(`${file}.new`, `${aheadSeconds < 0 ? "" : "+"}${aheadSeconds}`)
      renameSync(`${file}.new`, file)
    })
  yield* set(0)
  return {
    env: {
      LD_PRELOAD: faketime()!,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1"
    },
    set
  }
})
