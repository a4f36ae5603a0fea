/** Chance that can be repeated: the same seed throws the same numbers (mulberry32). */
export const dice = (seed: number) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    between: (least: number, most: number) => least + below(most - least + 1),
    shuffled: <A>(items: ReadonlyArray<A>): Array<A> => {
      const all = [...items]
      for (let i = all.length - 1; i > 0; i--) {
        const j = below(i + 1)
        ;[all[i], all[j]] = [all[j]!, all[i]!]
      }
      return all
    }
  }
}
export type Dice = ReturnType<typeof dice>
