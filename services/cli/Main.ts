import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, type Effect, Exit, Runtime } from "effect"
import { explain } from "./Failure.ts"

/** At once, when everything is closed: libraries leave timers behind that hold a process up for half a minute. */
const end: Runtime.Teardown = (exit) => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) process.exit(0) // a signal is how it is meant to end
  const error = Cause.squash(exit.cause)
  if (Runtime.getErrorReported(error)) {
    process.stderr.write(`homing: ${explain(exit.cause) ?? Cause.pretty(exit.cause)}\n`)
  }
  process.exit(Runtime.getErrorExitCode(error))
}

/** Runs a command as this process, until it ends or a signal ends it. */
export const runMain = <A, E>(main: Effect.Effect<A, E>): void =>
  NodeRuntime.runMain(main, { teardown: end, disableErrorReporting: true })
