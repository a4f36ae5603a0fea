import { spawn } from "node:child_process"
import { once } from "node:events"
import { join, resolve } from "node:path"
import { Effect, type Scope } from "effect"
import { patienceMillis } from "#domain/testing/Eventually.ts"
import { callerOf, eventually, type Homing } from "./Homing.ts"

/** The `homing` command as a process of its own, as people run it. */

const root = resolve(import.meta.dirname, "..")

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Process {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** What standard output holds as soon as it fits. Dies when the process ends without having said it. */
  readonly says: (pattern: RegExp) => Effect.Effect<RegExpExecArray>
  readonly ended: Effect.Effect<Ended>
  /** Whoever read what it prints is gone. */
  readonly leave: Effect.Effect<void>
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<Ended & { readonly millis: number }>
}

interface Surroundings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Knows of its environment only what it is given; killed when the scope closes. */
export const homing = (args: ReadonlyArray<string>, surroundings: Surroundings) =>
  running(process.execPath, [join(root, "services/cli/homing.ts"), ...args], surroundings)

/** A script of `package.json`, on a data folder in `cwd`. */
export const npm = (args: ReadonlyArray<string>, { cwd, env }: Surroundings) =>
  running("npm", args, { cwd: root, env: { DATA_DIR: join(cwd, "data"), HOME: cwd, ...env } })

const running = (
  command: string,
  args: ReadonlyArray<string>,
  { cwd, env = {} }: Surroundings
): Effect.Effect<Process, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(command, args, {
          cwd,
          env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"), ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        const closed = once(child, "close").then(([code, signal]): Ended => ({ code, signal }))
        return { child, closed }
      }),
      ({ child, closed }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return closed
        })
    ),
    ({ child, closed }) => {
      let out = ""
      let err = ""
      const listeners = new Set<() => void>()
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text
        for (const look of listeners) look()
      })
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        err += text
      })

      const says = (pattern: RegExp) =>
        Effect.promise(
          () =>
            new Promise<RegExpExecArray>((found, failed) => {
              const finish = () => {
                listeners.delete(look)
                clearTimeout(timer)
              }
              const look = () => {
                const match = pattern.exec(out)
                if (match === null) return
                finish()
                found(match)
              }
              const fail = (why: string) => {
                finish()
                failed(new Error(`${args.join(" ")} never said ${pattern}: ${why}\n${out}\n${err}`))
              }
              const timer = setTimeout(fail, patienceMillis, "time is over")
              listeners.add(look)
              look()
              void closed.then(() => fail("it ended"))
            })
        )
      const ended = Effect.promise(() => closed)
      return {
        pid: child.pid!,
        stdout: () => out,
        stderr: () => err,
        says,
        ended,
        leave: Effect.sync(() => {
          for (const stream of [child.stdout, child.stderr]) stream.destroy()
        }),
        end: (signal) =>
          Effect.suspend(() => {
            const begun = performance.now()
            child.kill(signal)
            return Effect.map(ended, (how) => ({ ...how, millis: Math.round(performance.now() - begun) }))
          })
      }
    }
  )

/** A simulated WhatsApp in a process of its own. */
export const simulator = Effect.fnUntraced(function* (cwd: string, ...args: ReadonlyArray<string>) {
  const process = yield* homing(["simulator", "--port", "0", "--json", ...args], { cwd })
  const [line] = yield* process.says(/^\{.*\}$/m)
  const { controlUrl, url } = JSON.parse(line) as { readonly url: string; readonly controlUrl: string }
  const control = (path: string, body?: object) =>
    Effect.promise(async () => {
      const response = await fetch(`${controlUrl}/${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`the simulator refuses ${path}: ${text}`)
      return JSON.parse(text)
    })
  /** The versions of WhatsApp Web that clients said they were when they logged in. */
  const versions = Effect.map(control("record"), ({ observations }) => {
    const logins = observations.filter(({ kind }: { kind: string }) => kind === "login")
    return [...new Set(logins.map(({ detail }: { detail: string }) => detail))]
  })
  return { url, control, versions }
})
export type Simulator = Effect.Success<ReturnType<typeof simulator>>

export const keyPattern = /hk_[a-z0-9]{16}_[A-Za-z0-9_-]{43}/
const urlPattern = /Homing\s+(http:\/\/\S+)/

/** `homing start`, open. `key`: as it was printed, or the one given. */
export const started = Effect.fnUntraced(function* (
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  key?: string
) {
  const process = yield* homing(["start"], { ...options, env: { PORT: "0", ...options.env } })
  const [, address] = yield* process.says(urlPattern)
  const shown = key ?? (yield* process.says(keyPattern))[0]
  const url = address!.replace(/\/$/, "")
  return { process, key: shown, url, call: callerOf(url, shown) }
})

/** Waits for the device's code, scans it with this number's phone, and waits until it is connected. */
export const scan = Effect.fnUntraced(function* (
  { call }: Pick<Homing, "call">,
  { control }: Simulator,
  device: string,
  phone: string
) {
  const path = `/v1/devices/${device}`
  const { body } = yield* eventually(call("GET", path), (answer) => answer.body.qr !== undefined)
  yield* control("scan", { qr: body.qr, phone })
  yield* eventually(call("GET", path), (answer) => answer.body.state === "connected")
})
