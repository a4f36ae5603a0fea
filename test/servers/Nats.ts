import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { daemon, folderOf, freePort } from "./Daemon.ts"
import { programOf } from "./Installed.ts"

export interface NatsServer {
  readonly url: string
  readonly port: number
  /** Its configuration stands here, and JetStream's store. */
  readonly directory: string
  /** Waits until it has ended; `SIGKILL` unless told. */
  readonly kill: (signal?: NodeJS.Signals) => Effect.Effect<void>
  /** On the same port, with what it stored. */
  readonly restart: Effect.Effect<void>
  /** Ends it and forgets what it stored: the next `restart` begins empty. */
  readonly wipeStore: Effect.Effect<void>
  /** Reads this configuration in place of its own: while it runs, or at its `restart`. */
  readonly reconfigure: (config: string) => Effect.Effect<void>
  /** Its process stands still: connections stay open and nothing answers, until `resume`. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

export interface NatsOptions {
  /** A configuration file's text. Address and port are set beside it, and win; so is JetStream's folder if it has none. */
  readonly config?: string
  /** What the configuration names as `$NAME`, besides `$HOMING_NATS_STORE`. */
  readonly env?: Readonly<Record<string, string>>
}

/** A nats-server with JetStream, of this scope's own. */
export const natsServer = ({
  config = "",
  env = {}
}: NatsOptions = {}): Effect.Effect<NatsServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const directory = yield* folderOf()
    const port = yield* freePort
    const configFile = join(directory, "nats.conf")
    const store = join(directory, "jetstream")
    const ownStore = config.includes("store_dir:")
    writeFileSync(configFile, config)
    const { kill, pid, restart } = yield* daemon({
      program: programOf("nats-server")!,
      args: ["-c", configFile, "-a", "127.0.0.1", "-p", String(port), ...(ownStore ? [] : ["-js", "-sd", store])],
      env: { HOMING_NATS_STORE: store, ...env },
      ready: /Server is ready/,
      directory
    })
    const signal = (name: NodeJS.Signals) => Effect.sync(() => process.kill(pid()!, name))
    return {
      url: `nats://127.0.0.1:${port}`,
      port,
      directory,
      kill,
      restart,
      wipeStore: Effect.andThen(
        kill(),
        Effect.sync(() => rmSync(store, { recursive: true, force: true }))
      ),
      reconfigure: (config) =>
        Effect.andThen(
          Effect.sync(() => writeFileSync(configFile, config)),
          Effect.suspend(() => (pid() === undefined ? Effect.void : signal("SIGHUP")))
        ),
      pause: signal("SIGSTOP"),
      resume: signal("SIGCONT")
    }
  })
