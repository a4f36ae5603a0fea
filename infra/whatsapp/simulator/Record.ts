import { type MessageSummary, type Observation, summarise } from "./Observation.ts"
import { RecordFile } from "./RecordFile.ts"

const usualWindow = 20_000
const largestPage = 10_000

/** Some observations in their order: the nth of all is the first, and the next page begins at `next`. */
export interface Page {
  readonly first: number
  readonly next: number
  readonly observations: ReadonlyArray<Observation>
}

/**
 * The simulator's own record. With a file, each observation is one JSON line there before the next stanza is handled,
 * so that the record outlives a kill of every process; a file that exists is continued. In memory are the last ones, and
 * how many there were of each kind.
 */
export class SimulatorRecord {
  readonly #window: number
  readonly #observations: Array<Observation> = []
  readonly #waiting = new Set<(observation: Observation) => void>()
  readonly #counts = new Map<Observation["kind"], number>()
  #file: RecordFile | undefined
  #total = 0

  constructor(path?: string, window = usualWindow) {
    this.#window = window
    if (path === undefined) return
    this.#file = new RecordFile(path)
    for (const observation of this.#file.from(0)) this.#take(observation)
  }

  /** The last ones: so many as the window holds, or a few more. */
  get observations(): ReadonlyArray<Observation> {
    return this.#observations
  }

  /** How many there were of each kind, since the beginning. */
  get counts(): Partial<Record<Observation["kind"], number>> {
    return Object.fromEntries(this.#counts)
  }

  /** Of all messages, or without a file of those that are still in memory. */
  get messages(): ReadonlyArray<MessageSummary> {
    return summarise(this.#from(0))
  }

  /** From the nth on, or from the oldest that is kept. */
  page(after: number): Page {
    const oldest = this.#file ? 0 : this.#oldest
    const first = Math.min(Math.max(after, oldest), this.#total)
    const observations: Array<Observation> = []
    for (const observation of this.#from(first)) {
      if (observations.push(observation) === largestPage) break
    }
    return { first, next: first + observations.length, observations }
  }

  add(kind: Observation["kind"], facts: Omit<Observation, "at" | "kind"> = {}) {
    const observation: Observation = { at: new Date().toISOString(), kind, ...facts }
    this.#file?.add(observation)
    this.#take(observation)
    for (const notify of this.#waiting) notify(observation)
  }

  /** The first observation in memory or in the future that fits. Rejects after `timeoutMs`. */
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

  /** Forgets in memory what was seen so far; a file keeps it, and so do the counts. */
  forget() {
    this.#observations.length = 0
  }

  /** What is still added afterwards stays in memory. */
  close() {
    this.#file?.close()
    this.#file = undefined
  }

  get #oldest() {
    return this.#total - this.#observations.length
  }

  #from(nth: number): Iterable<Observation> {
    if (this.#file && nth < this.#oldest) return this.#file.from(nth)
    return this.#observations.slice(Math.max(nth - this.#oldest, 0))
  }

  #take(observation: Observation) {
    this.#total += 1
    this.#counts.set(observation.kind, (this.#counts.get(observation.kind) ?? 0) + 1)
    this.#observations.push(observation)
    // Not one by one: each time all the others would be moved.
    if (this.#observations.length >= this.#window * 1.5)
      this.#observations.splice(0, this.#observations.length - this.#window)
  }
}
