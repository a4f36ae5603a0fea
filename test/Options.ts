import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Level } from "#services/telemetry/Log.ts"
import type { Backbone } from "./crash/Backbones.ts"

/** What runs that kill the product have in common: how they are asked for, where they work, and how they end. */

export interface RunOptions {
  readonly seed: number
  readonly backbone: Backbone
  /** What the product logs, at least. */
  readonly logLevel: Level
  /** Where it logs: a file descriptor. */
  readonly output: number
  readonly progress: (line: string) => void
}

type Values = Readonly<Record<string, string | boolean | undefined>>

export const whole = (values: Values, name: string, otherwise = 0): number => {
  const number = Number(values[name] ?? otherwise)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number`)
  return number
}
export const seedIn = (values: Values): number => whole(values, "seed", Math.floor(Math.random() * 2 ** 31))

export const oneOf = <Name extends string>(
  values: Values,
  option: string,
  names: ReadonlyArray<Name>
): Name | undefined => {
  const value = values[option]
  if (value === undefined) return undefined
  const found = names.find((name) => name === value)
  if (found === undefined) throw new Error(`--${option} is one of ${names.join(", ")}`)
  return found
}

export const backboneIn = (values: Values, backbones: Readonly<Record<string, Backbone>>): Backbone =>
  backbones[oneOf(values, "backbone", Object.keys(backbones))!]!

/** Whether the broker forgets everything in the middle. */
export const wipesBus = (values: Values, { servers }: Backbone): boolean => {
  if (values["wipe-bus"] !== true) return false
  if (!servers.includes("nats-server")) throw new Error("--wipe-bus needs a backbone with nats-server")
  return true
}

/** A run's folder and clock. */
export const place = (name: string, tell: RunOptions["progress"]) => {
  const begun = performance.now()
  const elapsed = () => (performance.now() - begun) / 1_000
  const folder = mkdtempSync(join(tmpdir(), `homing-${name}-`))
  return {
    folder,
    progress: (line: string) => tell(`${elapsed().toFixed(1).padStart(6)} s  ${line}`),
    seconds: () => Math.round(elapsed()),
    leave: () => rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs, prints the report, and fails with what is not as it should be. The product's log is kept then. */
export const conclude = async <Report>(
  name: string,
  { json, log: given }: { readonly json: string | undefined; readonly log: string | undefined },
  run: (told: Pick<RunOptions, "output" | "progress">) => Promise<Report>,
  flawsIn: (report: Report) => ReadonlyArray<string>
): Promise<void> => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))
  const log = given ?? join(mkdtempSync(join(tmpdir(), `homing-${name}-log-`)), "product.log")
  const progress = (line: string) => void process.stderr.write(`${line}\n`)
  const report = await run({ output: openSync(log, "w"), progress })
  const text = JSON.stringify(report, undefined, 2)
  console.log(text)
  if (json !== undefined) writeFileSync(json, `${text}\n`)
  const found = flawsIn(report)
  if (found.length > 0) {
    console.error(`not as it should be: ${found.join(", ")}; what the product logged is in ${log}`)
    process.exitCode = 1
  } else if (given === undefined) rmSync(dirname(log), { recursive: true })
}
