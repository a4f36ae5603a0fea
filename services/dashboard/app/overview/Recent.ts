import { useQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import type { Shown } from "../messages/Shown.ts"

/** The overview looks at this many of the newest messages. */
export const sampleSize = 200

export const useRecent = () =>
  useQuery({
    queryKey: ["messages", "recent"],
    queryFn: ({ signal }) => ask(({ messages }) => messages.list({ query: { limit: sampleSize } }), signal),
    refetchInterval: useEvery(true),
    enabled: useMay("messages:read")
  })

export interface Waiting {
  readonly count: number
  /** There may be more. */
  readonly isLeast: boolean
  readonly oldest: string | undefined
}

/** What is accepted and has not left. */
export const useWaiting = () =>
  useQuery({
    queryKey: ["messages", "waiting"],
    queryFn: async ({ signal }): Promise<Waiting> => {
      const list = (status: "queued" | "attempting") =>
        ask(({ messages }) => messages.list({ query: { status, limit: sampleSize } }), signal)
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

const past = {
  sent: ["sent", "delivered", "read", "played"],
  delivered: ["delivered", "read", "played"],
  read: ["read", "played"]
} as const

/** How far they came. */
export const funnelOf = (messages: ReadonlyArray<Shown>) => {
  const reached = (statuses: ReadonlyArray<string>) => messages.filter(({ status }) => statuses.includes(status)).length
  return [
    { step: "Accepted", count: messages.length },
    { step: "Sent", count: reached(past.sent) },
    { step: "Delivered", count: reached(past.delivered) },
    { step: "Read", count: reached(past.read) }
  ]
}

/** Why they failed, the commonest first. */
export const failuresOf = (
  messages: ReadonlyArray<Shown>
): ReadonlyArray<{ readonly code: string; readonly count: number }> => {
  const counts = Map.groupBy(
    messages.filter(({ error }) => error !== undefined),
    ({ error }) => error!.code
  )
  return [...counts].map(([code, some]) => ({ code, count: some.length })).sort((a, b) => b.count - a.count)
}

const minute = 60_000

/** How many were accepted in each of the last 30 minutes, by what became of them. */
export const perMinute = (messages: ReadonlyArray<Shown>, now: number) => {
  const last = Math.floor(now / minute)
  return Array.from({ length: 30 }, (_, i) => {
    const at = last - 29 + i
    const some = messages.filter(({ createdAt }) => Math.floor(Date.parse(createdAt) / minute) === at)
    const failed = some.filter(({ status }) => ["failed", "expired", "unknown"].includes(status)).length
    const open = some.filter(({ status }) => ["queued", "attempting"].includes(status)).length
    const time = new Date(at * minute).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    return { time, "Got through": some.length - failed - open, Waiting: open, Failed: failed }
  })
}
