import { useQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import type { Client } from "../gateway/Gateway.ts"
import { ask } from "../gateway/Gateway.ts"

/** What the overview can look at. */
export const ranges = {
  hour: { label: "Last hour", millis: 3_600_000, step: "minute" },
  day: { label: "Last day", millis: 86_400_000, step: "hour" },
  week: { label: "Last week", millis: 7 * 86_400_000, step: "hour" }
} as const
export type Range = keyof typeof ranges

const statisticsOf = (range: Range, signal?: AbortSignal) => {
  const { millis, step } = ranges[range]
  const from = new Date(Date.now() - millis).toISOString()
  return ask(({ statistics }: Client) => statistics.get({ query: { step, from } }), signal)
}

export type Statistics = Awaited<ReturnType<typeof statisticsOf>>

export const useStatistics = (range: Range) =>
  useQuery({
    queryKey: ["statistics", range],
    queryFn: ({ signal }) => statisticsOf(range, signal),
    refetchInterval: useEvery(true),
    placeholderData: (before) => before,
    enabled: useMay("messages:read")
  })

export interface Waiting {
  readonly count: number
  /** There may be more. */
  readonly isLeast: boolean
  readonly oldest: string | undefined
}

/** How many of those that wait are looked at. */
const mostWaiting = 200

/** What is accepted and has not left. */
export const useWaiting = () =>
  useQuery({
    queryKey: ["messages", "waiting"],
    queryFn: async ({ signal }): Promise<Waiting> => {
      const list = (status: "queued" | "attempting") =>
        ask(({ messages }) => messages.list({ query: { status, limit: mostWaiting } }), signal)
      const pages = await Promise.all([list("queued"), list("attempting")])
      const items = pages.flatMap((page) => page.items)
      const oldest = items.map(({ createdAt }) => createdAt).sort()[0]
      return { count: items.length, isLeast: pages.some(({ next }) => next !== null), oldest }
    },
    refetchInterval: useEvery(true),
    enabled: useMay("messages:read")
  })

export const useHealth = () =>
  useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => ask(({ health }) => health.detailed(), signal),
    refetchInterval: 10_000,
    enabled: useMay("metrics:read")
  })

/** How far they came. */
export const funnelOf = ({ total: { delivered, queued, read, sent } }: Pick<Statistics, "total">) => [
  { step: "Accepted", count: queued },
  { step: "Sent", count: sent },
  { step: "Delivered", count: delivered },
  { step: "Read", count: read }
]

/** Why they failed, the commonest first. */
export const failuresOf = ({ total }: Pick<Statistics, "total">) =>
  Object.entries(total.failures)
    .map(([code, count]) => ({ code, count }))
    .sort((a, b) => b.count - a.count)

/** Of a histogram: the bound under which half of them are; `undefined` of nothing. */
export const medianOf = (histogram: Statistics["total"]["latency"]["sent"]): number | undefined => {
  const all = histogram.reduce((sum, { count }) => sum + count, 0)
  let seen = 0
  for (const { count, upToMs } of histogram.toSorted((a, b) => a.upToMs - b.upToMs)) {
    seen += count
    if (seen * 2 >= all) return upToMs
  }
  return undefined
}

const stepMillis = { minute: 60_000, hour: 3_600_000 } as const

/** Every step, also those in which nothing was recorded. */
export const stepsOf = ({ from, items, step, to }: Statistics) => {
  const size = stepMillis[step]
  const begin = Date.parse(from)
  const found = new Map(items.map((item) => [Date.parse(item.at), item]))
  const format = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    ...(Date.parse(to) - begin > 86_400_000 + size && { weekday: "short" })
  })
  return Array.from({ length: Math.max(1, Math.round((Date.parse(to) - begin) / size)) }, (_, i) => {
    const at = begin + i * size
    const { expired = 0, failed = 0, sent = 0, unknown = 0 } = found.get(at) ?? {}
    return { time: format.format(at), Sent: sent, Failed: failed + expired + unknown }
  })
}
