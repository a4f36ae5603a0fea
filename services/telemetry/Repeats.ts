/** A line that comes again and again is written so often in this time; then it is counted, and the next one says so. */
const most = 3
const windowMillis = 60_000
/** Different lines. */
const remembered = 1_000

/** How often the line was left out before; `undefined` when it is left out itself. `now`: steady milliseconds. */
export type LeftOut = (line: string) => number | undefined

export const make = (now: () => number): LeftOut => {
  const lines = new Map<string, { readonly since: number; count: number }>()
  return (line) => {
    const known = lines.get(line)
    if (known !== undefined && now() - known.since < windowMillis) {
      known.count += 1
      return known.count > most ? undefined : 0
    }
    const [oldest] = lines.size < remembered ? [line] : lines.keys()
    lines.delete(oldest!)
    lines.delete(line)
    lines.set(line, { since: now(), count: 1 })
    return Math.max(0, (known?.count ?? 0) - most)
  }
}
