import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import { patienceMillis } from "#domain/testing/Eventually.ts"

export interface User {
  readonly uid: number
  readonly gid: number
}

/** A folder that goes away with the scope, and belongs to whoever the server runs as. */
export const folderOf = (user?: User) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "homing-server-"))
      if (user !== undefined) chownSync(path, user.uid, user.gid)
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  )

/**
 * A port that nobody listens on, below those the system gives to outgoing connections: it stays free while the
 * server that had it is down.
 */
export const freePort = Effect.promise(async () => {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer()
    const free = once(server.listen(port, "127.0.0.1"), "listening").then(
      () => true,
      () => false
    )
    if (await free) return await new Promise<number>((resolve) => server.close(() => resolve(port)))
  }
})

export interface Command {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly user?: User | undefined
  /** In the server's own words on standard error, that it takes connections. */
  readonly ready: RegExp
  readonly directory: string
}

interface Life {
  readonly child: ChildProcess
  readonly ended: Promise<void>
}

/** What even a killed test run leaves behind is ended by a shell that waits for our end of its pipe to close. */
const guardOf = (pid: number, directory: string) =>
  spawn("sh", ["-c", 'read -r _; kill -KILL "$1"; sleep 1; rm -rf "$2"', "sh", String(pid), directory], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })

const begin = ({ args, directory, env, program, ready, user }: Command) =>
  Effect.callback<Life, Error>((resume) => {
    const child = spawn(program, args, {
      cwd: directory,
      env: { PATH: process.env.PATH, LC_ALL: "C", ...env },
      stdio: ["ignore", "ignore", "pipe"],
      ...user
    })
    let said = ""
    const failure = (why: string) => new Error(`${program} ${why}\n${said}`)
    child.once("error", (error) => resume(Effect.die(error)))
    if (child.pid === undefined) return
    const guard = guardOf(child.pid, directory)
    const late = setTimeout(() => {
      child.kill("SIGKILL")
      resume(Effect.die(failure("never was ready")))
    }, patienceMillis)
    const ended = once(child, "close").then(() => {
      clearTimeout(late)
      guard.kill("SIGKILL")
      resume(Effect.fail(failure("ended before it was ready")))
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < 100_000) said += text
      if (!ready.test(said)) return
      clearTimeout(late)
      resume(Effect.succeed({ child, ended }))
    })
  })

/** A server's process: runs when this is made, again after `restart`, and never after the scope. */
export const daemon = Effect.fnUntraced(function* (command: Command) {
  let life: Life | undefined
  const start = begin(command).pipe(
    // one that was killed may still hold its port or its memory for a moment
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 400 }),
    Effect.orDie,
    Effect.tap((begun) =>
      Effect.sync(() => {
        life = begun
      })
    )
  )
  const kill = (signal: NodeJS.Signals = "SIGKILL") =>
    Effect.promise(async () => {
      life?.child.kill(signal)
      await life?.ended
      life = undefined
    })
  yield* Effect.acquireRelease(start, () => kill())
  return {
    pid: () => life?.child.pid,
    /** Sends the signal and waits until the process has ended. */
    kill,
    /** Ends it, if it still runs, and starts it on the same port and folder. Waits until it takes connections. */
    restart: kill().pipe(Effect.andThen(start), Effect.asVoid)
  }
})
