/** One owner's part of what is kept. */
export interface Shelf<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, value: A) => void
  /** In the order in which their keys came first. */
  readonly values: () => ReadonlyArray<A>
}

/** Keeps the newest so many values of all owners together. */
export class Newest<A> {
  readonly #most: number
  readonly #kept = new Map<string, { readonly owner: string; readonly value: A }>()

  constructor(most: number) {
    this.#most = most
  }

  shelf(owner: string): Shelf<A> {
    return {
      get: (key) => this.#kept.get(`${owner} ${key}`)?.value,
      set: (key, value) => {
        this.#kept.set(`${owner} ${key}`, { owner, value })
        if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value as string)
      },
      values: () => [...this.#kept.values()].filter((kept) => kept.owner === owner).map(({ value }) => value)
    }
  }
}
