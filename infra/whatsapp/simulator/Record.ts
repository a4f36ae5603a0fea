import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"
import { Schema } from "effect"
import { type MessageSummary, Observation, summarise } from "./Observation.ts"

const decode = Schema.decodeUnknownSync(Observation)

/** Reads a record file. A last line that was torn by a crash of the machine is left out; any other bad line throws. */
export const readRecord = (file: string): ReadonlyArray<Observation> =>
  readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => decode(JSON.parse(line)))

const cutTornLine = (file: string) => truncateSync(file, readFileSync(file).lastIndexOf("\n") + 1)

/**
 * The simulator's own record. With a file, each observation is one JSON line there before the next stanza is handled,
 * so that the record outlives a kill of every process; a file that exists is continued.
 */
export class SimulatorRecord {
  #file: number | undefined
  readonly #observations: Array<Observation> = []
  readonly #waiting = new Set<(observation: Observation) => void>()

  constructor(file?: string) {
    if (file === undefined) return
    if (existsSync(file)) {
      cutTornLine(file)
      this.#observations.push(...readRecord(file))
    }
    this.#file = openSync(file, "a", 0o600)
  }

  get observations(): ReadonlyArray<Observation> {
    return this.#observations
  }

  get messages(): ReadonlyArray<MessageSummary> {
    return summarise(this.#observations)
  }

  add(kind: Observation["kind"], facts: Omit<Observation, "at" | "kind"> = {}) {
    const observation: Observation = { at: new Date().toISOString(), kind, ...facts }
    this.#observations.push(observation)
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(observation)}\n`)
    for (const notify of this.#waiting) notify(observation)
  }

  /** The first observation, past or future, that fits. Rejects after `timeoutMs`. */
  until(fits: (observation: Observation) => boolean, timeoutMs = 60_000): Promise<Observation> {
    const past = this.#observations.find(fits)
    if (past) return Promise.resolve(past)
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        this.#waiting.delete(check)
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`nothing observed within ${timeoutMs} ms`))
      }, timeoutMs)
      const check = (observation: Observation) => {
        if (!fits(observation)) return
        stop()
        resolve(observation)
      }
      this.#waiting.add(check)
    })
  }

  /** Forgets in memory what was seen so far; a file keeps it. */
  forget() {
    this.#observations.length = 0
  }

  /** What is still added afterwards stays in memory. */
  close() {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}
