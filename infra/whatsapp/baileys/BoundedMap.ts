/**
 * Remembers so many values at most, those used last, each for so long at most. Without timers: each would hold on to
 * whatever was under way when it was set.
 */
export class BoundedMap<A> {
  readonly #most: number
  readonly #ttlMs: number
  readonly #entries = new Map<string, { readonly value: A; readonly until: number }>()

  constructor(most: number, ttlMs = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#ttlMs = ttlMs
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): A | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.until < Date.now()) return undefined
    this.#entries.set(key, entry) // the last one now
    return entry.value
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  set(key: string, value: A): this {
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: Date.now() + this.#ttlMs })
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value as string)
    return this
  }

  delete(key: string): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}
