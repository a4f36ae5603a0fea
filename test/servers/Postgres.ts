import { execFile, execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { readFileSync, renameSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { Effect, type Scope } from "effect"
import { cluster } from "./Cluster.ts"
import { daemon, folderOf, freePort, type User } from "./Daemon.ts"
import { programOf } from "./Installed.ts"

export interface PostgresServer {
  /** Of the database `postgres`, for a role that may do everything. */
  readonly url: string
  readonly port: number
  /** A new, empty database's address. */
  readonly database: Effect.Effect<string>
  /** Waits until it has ended; `SIGKILL` unless told, which the next start recovers from. */
  readonly kill: (signal?: NodeJS.Signals) => Effect.Effect<void>
  /** On the same port, with what was committed. */
  readonly restart: Effect.Effect<void>
  /** A standby that stays behind: keeps what is there now, made while the server runs. */
  readonly backup: Effect.Effect<void>
  /** The server dies, and its backup is there instead: what was committed since is forgotten. */
  readonly failOver: Effect.Effect<void>
  /** Every process of it stands still: connections stay open and nothing answers, until `resume`. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

export interface PostgresOptions {
  /** Settings as in `postgresql.conf`. Without any it is as durable as PostgreSQL is by default. */
  readonly settings?: Readonly<Record<string, string>>
}

const run = promisify(execFile)

/** PostgreSQL refuses to run as root: then it is the user its package made. */
const userOf = (): User | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = ["-u", "-g"].map((which) => Number(execFileSync("id", [which, "postgres"], { encoding: "utf8" })))
  return { uid: uid!, gid: gid! }
}

/** Each of its processes leads a group of its own, so a signal to the first reaches the first alone. */
const childrenOf = (pid: number): ReadonlyArray<number> =>
  (process.platform === "linux"
    ? readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")
    : execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).split("\n")
  )
    .filter((word) => word !== "")
    .map(Number)

const send = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended meanwhile
  }
}

/** A PostgreSQL server, of this scope's own. It takes about two seconds: share it within a test file. */
export const postgres = ({ settings = {} }: PostgresOptions = {}): Effect.Effect<PostgresServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const user = userOf()
    const directory = yield* folderOf(user)
    const port = yield* freePort
    const [data, standby] = [join(directory, "data"), join(directory, "standby")]
    const password = yield* Effect.promise(() => cluster(directory, user))
    const all = { listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "", ...settings }
    const { kill, pid, restart } = yield* daemon({
      program: programOf("postgres")!,
      args: ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      user,
      ready: /ready to accept connections/,
      directory
    })
    const where = ["-h", "127.0.0.1", "-p", String(port), "-U", "homing"]
    const urlOf = (name: string) => `postgres://homing:${password}@127.0.0.1:${port}/${name}`
    const signalAll = (signal: NodeJS.Signals) =>
      Effect.sync(() => {
        const first = pid()
        for (const one of first === undefined ? [] : [first, ...childrenOf(first)]) send(one, signal)
      })
    const killAll = (signal: NodeJS.Signals = "SIGKILL") =>
      Effect.andThen(signalAll(signal === "SIGKILL" ? signal : "SIGCONT"), kill(signal))
    yield* Effect.addFinalizer(() => killAll())
    return {
      url: urlOf("postgres"),
      port,
      database: Effect.promise(async () => {
        const name = `test_${randomBytes(6).toString("hex")}`
        await run(programOf("createdb")!, [...where, name], { env: { PGPASSWORD: password } })
        return urlOf(name)
      }),
      kill: killAll,
      restart: Effect.andThen(killAll(), restart),
      backup: Effect.promise(async () => {
        const how = ["-D", standby, "--checkpoint=fast", "--wal-method=stream", "--no-sync"]
        const env = { PGPASSWORD: password }
        await run(programOf("pg_basebackup")!, [...where, ...how], { cwd: directory, env, ...user })
      }),
      failOver: killAll().pipe(
        Effect.andThen(
          Effect.sync(() => {
            renameSync(data, join(directory, "lost"))
            renameSync(standby, data)
          })
        ),
        Effect.andThen(restart)
      ),
      pause: signalAll("SIGSTOP"),
      resume: signalAll("SIGCONT")
    }
  })
