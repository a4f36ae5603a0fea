/** How many letters are missing, too many, others or exchanged with their neighbour; no more than `most` is looked for. */
const mistakes = (written: string, name: string, most: number): number => {
  if (Math.abs(written.length - name.length) > most) return most + 1
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: name.length + 1 }, (_, i) => i)
  for (let i = 1; i <= written.length; i++) {
    const next = [i]
    for (let j = 1; j <= name.length; j++) {
      const same = written[i - 1] === name[j - 1]
      const swapped = written[i - 1] === name[j - 2] && written[i - 2] === name[j - 1]
      next.push(
        Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (same ? 0 : 1), swapped ? before[j - 2]! + 1 : most + 1)
      )
    }
    before = row
    row = next
  }
  return row[name.length]!
}

/** Two at most; in a short name one, or half of all words would be near it. */
const mostIn = (name: string) => (name.length < 8 ? 1 : 2)

const plain = (variable: string) =>
  variable
    .toUpperCase()
    .replaceAll("-", "_")
    .replace(/^HOMING_/, "")

/** The one of `names` that was meant by a variable which is none of them, if it is nearly one. */
export const meantBy = (variable: string, names: ReadonlyArray<string>): string | undefined => {
  if (names.includes(variable)) return undefined
  const written = plain(variable)
  const near = names
    .map((name) => ({ name, count: mistakes(written, name, mostIn(name)) }))
    .filter(({ count, name }) => count <= mostIn(name))
  return near.toSorted((a, b) => a.count - b.count)[0]?.name
}
