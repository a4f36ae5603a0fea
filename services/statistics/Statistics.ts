import type * as CountRows from "../messages/CountRows.ts"

/** Numbers of messages, from how they are counted in rows. */

interface Named {
  readonly name: string
  readonly n: number
}

interface Bucket {
  readonly upToMs: number
  readonly count: number
}

const words = ["queued", "sent", "delivered", "read", "failed", "expired", "unknown"] as const

export interface Counts extends Readonly<Record<(typeof words)[number], number>> {
  readonly failures: Readonly<Record<string, number>>
  readonly latency: Readonly<Record<(typeof CountRows.latencies)[number], ReadonlyArray<Bucket>>>
}

/** What stands behind a prefix, with how often. */
const behind = (totals: ReadonlyMap<string, number>, prefix: string) =>
  [...totals].flatMap(([name, n]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), n] as const] : []))

/** All of these together. */
export const countsOf = (rows: ReadonlyArray<Named>): Counts => {
  const totals = new Map<string, number>()
  for (const { n, name } of rows) totals.set(name, (totals.get(name) ?? 0) + n)
  const histogram = (what: string) =>
    behind(totals, `${what}<`)
      .map(([power, count]) => ({ upToMs: 2 ** Number(power), count }))
      .toSorted((one, other) => one.upToMs - other.upToMs)
  return {
    ...(Object.fromEntries(words.map((word) => [word, totals.get(word) ?? 0])) as Record<
      (typeof words)[number],
      number
    >),
    failures: Object.fromEntries(behind(totals, "failed:")),
    latency: { sent: histogram("sent"), delivered: histogram("delivered"), read: histogram("read") }
  }
}
