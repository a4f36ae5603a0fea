/** Keeps the newest so many values, in the order in which their keys came first. */
export class Newest<A> {
  readonly #most: number
  readonly #values = new Map<string, A>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): A | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: A) {
    this.#values.set(key, value)
    if (this.#values.size > this.#most) this.#values.delete(this.#values.keys().next().value as string)
  }

  get values(): ReadonlyArray<A> {
    return [...this.#values.values()]
  }
}
