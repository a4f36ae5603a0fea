import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Effect, type Scope } from "effect"
import { temporaryDirectory } from "../../../testing/TemporaryDirectory.ts"
import type { Fault } from "../Faults.ts"

export interface Double {
  /** What the client connects to. The same after a restart. */
  readonly url: string
  /** The HTTP address of `/info`, `/health/live` and `/faults`. */
  readonly controlUrl: string
  /** Where its files are: they may be exchanged while it is dead. */
  readonly directory: string
  readonly fault: (fault: Fault) => Effect.Effect<void>
  /** Those that still strike. */
  readonly faults: Effect.Effect<ReadonlyArray<Fault>>
  /** Lifts all faults. */
  readonly heal: Effect.Effect<void>
  /** SIGKILL; returns when the process is gone. */
  readonly kill: Effect.Effect<void>
  /** Returns when the process is gone, killed by itself for example. */
  readonly dead: Effect.Effect<void>
  /** Starts it again, on the same ports and directory. */
  readonly restart: Effect.Effect<void>
  /** SIGSTOP: the connections stay and nothing moves. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

interface Running {
  readonly port: number
  readonly control: number
  readonly signal: (signal: NodeJS.Signals) => void
  readonly closed: Promise<unknown>
}

/** A stand-in for EventStoreDB in a process of its own, on free ports, with a directory that goes with the scope. */
export const eventStoreDouble: Effect.Effect<Double, never, Scope.Scope> = Effect.gen(function* () {
  const directory = yield* temporaryDirectory
  let running = yield* Effect.promise(() => start(directory, { port: 0, control: 0 }))
  const end = Effect.asVoid(
    Effect.promise(() => {
      running.signal("SIGKILL")
      return running.closed
    })
  )
  yield* Effect.addFinalizer(() => end)
  const { control, port } = running
  const controlUrl = `http://127.0.0.1:${control}`
  const request = (method: "POST" | "DELETE", fault?: Fault) =>
    Effect.promise(async () => {
      const response = await fetch(`${controlUrl}/faults`, { method, ...(fault && { body: JSON.stringify(fault) }) })
      if (!response.ok) throw new Error(`the double refuses the fault: ${await response.text()}`)
    })
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    controlUrl,
    directory,
    fault: (fault) => request("POST", fault),
    faults: Effect.promise(async () => (await fetch(`${controlUrl}/faults`)).json() as Promise<ReadonlyArray<Fault>>),
    heal: request("DELETE"),
    kill: end,
    dead: Effect.asVoid(Effect.promise(() => running.closed)),
    restart: Effect.promise(async () => {
      running = await start(directory, { port, control })
    }),
    freeze: Effect.sync(() => running.signal("SIGSTOP")),
    thaw: Effect.sync(() => running.signal("SIGCONT"))
  }
})

const start = async (
  directory: string,
  ports: { readonly port: number; readonly control: number }
): Promise<Running> => {
  const options = ["--directory", directory, "--port", `${ports.port}`, "--control-port", `${ports.control}`]
  const child = spawn(process.execPath, [join(import.meta.dirname, "../main.ts"), ...options], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const stop = () => void child.kill("SIGKILL") // a test run that is ended leaves none behind
  process.once("exit", stop)
  const closed = once(child, "close").finally(() => process.off("exit", stop))
  const ended = closed.then(() => {
    throw new Error("the double ended before it was ready")
  })
  ended.catch(() => {}) // every double ends
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), ended])
  return { ...JSON.parse(line), signal: (signal) => child.kill(signal), closed }
}
