import { execFile } from "node:child_process"
import { Effect } from "effect"

/** Runs a command to its end, with this environment and no other. */
export const exitCode = (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<number> =>
  Effect.callback((resume) => {
    execFile(program, args, { env, timeout: 60_000 }).once("close", (code) => resume(Effect.succeed(code ?? -1)))
  })
