import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { User } from "./Daemon.ts"
import { programOf } from "./Installed.ts"

/** Where the processes of one test run find what one of them made. Set by the run, taken away with it. */
const variable = "HOMING_TEST_CLUSTER"

/** A place for this run; answers what takes it away. */
export const shared = (): (() => void) => {
  const place = mkdtempSync(join(tmpdir(), "homing-cluster-"))
  process.env[variable] = place
  return () => rmSync(place, { recursive: true, force: true })
}

const run = promisify(execFile)

/** With its owner, which is not always who copies. */
const copy = (from: string, to: string) => run("cp", ["-a", from, to])

/**
 * A new cluster in the folder's `data`, and the password of its role `homing`. The first one of a run is made, and kept for
 * the next ones to copy: that takes a fifteenth of the work.
 */
export const cluster = async (folder: string, user: User | undefined): Promise<string> => {
  const data = join(folder, "data")
  const place = process.env[variable]
  const kept = place && join(place, "kept")
  if (kept !== undefined && existsSync(kept)) {
    await copy(join(kept, "data"), data)
    return readFileSync(join(kept, "password"), "utf8")
  }
  const password = randomBytes(16).toString("hex")
  const passwordFile = join(folder, "password")
  writeFileSync(passwordFile, password)
  const initdb = ["-D", data, "-U", "homing", "-A", "scram-sha-256", `--pwfile=${passwordFile}`, "-E", "UTF8", "-N"]
  await run(programOf("initdb")!, initdb, { cwd: folder, ...user })
  if (place !== undefined) await keep(folder, join(place, randomBytes(6).toString("hex")), kept!)
  return password
}

/** Whole or not at all; who comes second has made one in vain. */
const keep = async (folder: string, made: string, kept: string) => {
  mkdirSync(made)
  for (const part of ["data", "password"]) await copy(join(folder, part), join(made, part))
  try {
    renameSync(made, kept)
  } catch {
    rmSync(made, { recursive: true })
  }
}
