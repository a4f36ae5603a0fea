/** What of an answer has come so far; once it has an end, nothing more is added. */
export class Heard {
  #status: number | undefined
  #retryAfter: string | undefined
  #isWhole = false
  #isOver = false
  readonly #chunks: Array<Uint8Array> = []
  #length = 0
  readonly #longest: number

  constructor(longest: number) {
    this.#longest = longest
  }

  begin(status: number, retryAfter: string | ReadonlyArray<string> | undefined): void {
    if (this.#isOver) return
    this.#status = status
    this.#retryAfter = typeof retryAfter === "string" ? retryAfter : retryAfter?.[0]
  }

  /** As much of it as fits; whether that was all of it. */
  take(chunk: Uint8Array): boolean {
    if (this.#isOver) return false
    const taken = chunk.slice(0, this.#longest - this.#length)
    this.#chunks.push(taken)
    this.#length += taken.length
    return taken.length === chunk.length
  }

  complete(): void {
    if (!this.#isOver) this.#isWhole = true
  }

  end(): void {
    this.#isOver = true
  }

  get status() {
    return this.#status
  }

  get retryAfter() {
    return this.#retryAfter
  }

  get isWhole() {
    return this.#isWhole
  }

  get body(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks))
  }
}

/** In milliseconds: seconds, or a date by this clock. `undefined` for anything else. */
export const patienceOf = (retryAfter: string | undefined, nowMillis: number): number | undefined => {
  if (retryAfter === undefined) return undefined
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000
  const until = / GMT$/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN
  return Number.isNaN(until) ? undefined : Math.max(0, until - nowMillis)
}
