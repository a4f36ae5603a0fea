import { constants } from "node:os"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, type Effect, Exit, Runtime } from "effect"
import { every } from "#domain/Timer.ts"
import { explain } from "./Failure.ts"
import { lostBy, outliveReaders, whenTaken } from "./Printed.ts"

/** At once, when everything is closed and read: libraries leave timers behind that hold a process up for half a minute. */
const end: Runtime.Teardown = (exit) => {
  if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) process.exit(0) // a signal is how it is meant to end
  whenTaken(() => {
    const lost = lostBy()
    if (lost !== undefined) process.stderr.write(`homing: what it prints was cut off: ${lost}\n`)
    if (Exit.isSuccess(exit)) process.exit(lost === undefined ? 0 : 1)
    const error = Cause.squash(exit.cause)
    if (!Runtime.getErrorReported(error)) process.exit(Runtime.getErrorExitCode(error))
    const words = `homing: ${explain(exit.cause) ?? Cause.pretty(exit.cause)}\n`
    process.stderr.write(words, () => process.exit(Runtime.getErrorExitCode(error)))
  })
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

/** The scripts of this package that become the process itself. Whoever starts it in the background from others, means it. */
const scripts: ReadonlyArray<string | undefined> = ["start", "homing", "demo"]
const lookMillis = 1_000

/** An npm that was killed, or ended by a hang-up, has told nobody: what it started sees that its parent is another. */
const endWithNpm = () => {
  const { npm_lifecycle_event: script, npm_package_name: name } = process.env
  if (name !== "homing" || !scripts.includes(script)) return
  const npm = process.ppid
  const look = every(lookMillis, () => {
    if (process.ppid === npm) return
    look.stop()
    process.kill(process.pid, "SIGTERM")
  }).unref()
}

/** Runs a command as this process, until it ends or a signal ends it. */
export const runMain = <A, E>(main: Effect.Effect<A, E>): void => {
  hearSignals()
  endWithNpm()
  outliveReaders()
  NodeRuntime.runMain(main, { teardown: end, disableErrorReporting: true })
}
