import { constants } from "node:os"
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

/** One Ctrl-C comes twice: to all that run in the terminal, and once more from npm, which hands on what it hears. */
const sameStrokeMillis = 500

const signals = ["SIGINT", "SIGTERM"] as const

/** The first signal is heard by the runtime, which interrupts `main`; another one waits for nothing more. */
const hearSignals = () => {
  let first: number | undefined
  const hear = (signal: (typeof signals)[number]) => {
    first ??= performance.now()
    if (performance.now() - first > sameStrokeMillis) process.exit(128 + constants.signals[signal])
  }
  for (const signal of signals) process.on(signal, hear)
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
}

/** Whoever read what is printed may be gone, with a terminal that was closed say: that ends nothing. */
const outliveReaders = () => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
}

/** Runs a command as this process, until it ends or a signal ends it. */
export const runMain = <A, E>(main: Effect.Effect<A, E>): void => {
  hearSignals()
  outliveReaders()
  NodeRuntime.runMain(main, { teardown: end, disableErrorReporting: true })
}
