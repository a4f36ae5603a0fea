import { execFile } from "node:child_process"
import { Effect } from "effect"
import { patienceMillis } from "#domain/testing/Eventually.ts"

/** Runs a command to its end, with this environment and no other. */
export const exitCode = (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<number> =>
  Effect.callback((resume) => {
    execFile(program, args, { env, timeout: patienceMillis }).once("close", (code) =>
      resume(Effect.succeed(code ?? -1))
    )
  })
