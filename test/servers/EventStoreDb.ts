import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { type Double, eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { daemon, folderOf, freePort } from "./Daemon.ts"

/** What can be done to the real one as to its stand-in. */
export type EventStoreServer = Pick<Double, "url" | "kill" | "restart" | "freeze" | "thaw">

/** A real EventStoreDB's `EventStore.ClusterNode`, where there is one. */
const program = process.env.EVENTSTORE_PROGRAM

/** For reports: what the figures were taken on. */
export const store = program === undefined ? "double" : "real"

/** What the real one says of itself, it says on its standard output. */
const onStandardError = ["-c", 'exec "$0" "$@" >&2']

const real = (path: string): Effect.Effect<EventStoreServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const directory = yield* folderOf()
    const [port, replication] = [yield* freePort, yield* freePort]
    const options = {
      db: join(directory, "db"),
      log: join(directory, "log"),
      "disable-log-file": "true",
      insecure: "true",
      "run-projections": "None",
      "node-port": port,
      "replication-port": replication
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
    const server = yield* daemon({
      program: "sh",
      args: [...onStandardError, path, ...args],
      ready: /IS LEADER/,
      directory
    })
    const signal = (name: NodeJS.Signals) => Effect.sync(() => process.kill(server.pid()!, name))
    return {
      url: `esdb://127.0.0.1:${port}?tls=false`,
      kill: server.kill(),
      restart: server.restart,
      freeze: signal("SIGSTOP"),
      thaw: signal("SIGCONT")
    }
  })

/** An event store in a process of its own: the real one that EVENTSTORE_PROGRAM names, else its stand-in. */
export const eventStore: Effect.Effect<EventStoreServer, never, Scope.Scope> =
  program === undefined ? eventStoreDouble : real(program)
