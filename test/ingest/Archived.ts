import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Sent } from "./Meta.ts"

/** What stands in the archive, compared with what was posted: by its documentation alone, sharing nothing with what is tested. */

export interface ArchiveFlaws {
  /** Answered 200, and not there. */
  readonly lost: number
  /** There more than once. */
  readonly doubled: number
  /** There, and never posted. */
  readonly wrong: number
  /** Lines that do not follow from the one before. */
  readonly broken: number
}

const ending = /,"link":"([0-9a-f]{64})"\}$/
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex")
export const nameOf = (app: string, bytes: Uint8Array) => `${app} ${sha256(bytes)}`

const linesIn = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".ndjson"))
        .toSorted()
        .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1))
    : []

/** Of each request that is there, which it is. */
const requestsIn = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.flatMap((line) => {
    const { app, body, encoding, kind } = JSON.parse(line)
    return kind === "request" ? [nameOf(app, Buffer.from(body ?? "", encoding))] : []
  })

const brokenIn = (lines: ReadonlyArray<string>): number => {
  let [link, broken] = ["0".repeat(64), 0]
  for (const line of lines) {
    const found = ending.exec(line)
    const said = found === null ? line : `${line.slice(0, found.index)}}`
    if (found?.[1] !== sha256(link + said)) broken++
    link = found?.[1] ?? link
  }
  return broken
}

export const archiveFlaws = (folder: string, { answered, posted }: Sent): ArchiveFlaws => {
  const lines = linesIn(folder)
  const found = requestsIn(lines)
  const once = new Set(found)
  return {
    lost: [...answered].filter((name) => !once.has(name)).length,
    doubled: found.length - once.size,
    wrong: [...once].filter((name) => !posted.has(name)).length,
    broken: brokenIn(lines)
  }
}
