import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parse } from "yaml"

/** What the deployment's files say. No container engine runs here: tests hold it against what it speaks of. */

export const root = resolve(import.meta.dirname, "../..")
export const text = (file: string) => readFileSync(join(root, file), "utf8")

export const manifest: {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
} = JSON.parse(text("package.json"))

const dockerfile = text("Dockerfile").replaceAll("\\\n", " ").split("\n")
/** What stands behind an instruction, each time it is there. */
export const instructions = (name: string): ReadonlyArray<string> =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim())
/** Of one that is written as a list. */
export const list = (name: string): ReadonlyArray<string> => {
  const [line] = instructions(name)
  return JSON.parse(line!.slice(line!.indexOf("[")))
}

/** What Node itself is given by a command. */
export const flagsOf = (words: ReadonlyArray<string>) => words.filter((word) => word.startsWith("--"))

interface Job {
  readonly services?: Readonly<Record<string, { readonly image: string }>>
  readonly env?: Readonly<Record<string, string>>
  readonly steps: ReadonlyArray<{ readonly run?: string; readonly with?: Readonly<Record<string, string>> }>
}
const workflow: { readonly jobs: Readonly<Record<string, Job>> } = parse(text(".github/workflows/ci.yml"))
export const jobs = Object.values(workflow.jobs)
/** Every command that the workflow runs. */
export const commands = jobs.flatMap(({ steps }) =>
  steps.flatMap(({ run = "" }) => run.split(/\n|&&/).map((one) => one.trim()))
)
/** Every image that the workflow takes. */
export const testedWith = [
  ...jobs.flatMap((job) => Object.values(job.services ?? {}).map(({ image }) => image)),
  ...commands.filter((run) => run.startsWith("docker create")).map((run) => run.split(" ").at(-1)!)
]

export const wholeVersion = /^[a-z/]+:\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$/
