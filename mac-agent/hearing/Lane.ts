import { Effect, FiberSet } from "effect"
import type { EventId } from "#domain/Ids.ts"
import type { HeardPlace } from "#domain/ports/Ledger.ts"

/** What the gateway has not acknowledged is told again after this, and twice as long after each time. */
const againAfterMillis = 15_000
const longestMillis = 10 * 60_000
/** So many are known by name; those behind them are read when there is room. */
const mostKnown = 4_096

/** A fact at the head of its chat. */
interface Head extends HeardPlace {
  readonly at: number
  readonly times: number
  /** Of a telling that nobody has taken. */
  readonly name: string | undefined
}

/** Facts that wait for the gateway: of one chat one at a time is under way, others beside it. */
export interface Lane {
  /** The ledger has these from now on. */
  readonly kept: (places: ReadonlyArray<HeardPlace>) => void
  /** Those of these that were known here, and are no more. */
  readonly forget: (ids: ReadonlyArray<EventId>) => ReadonlyArray<EventId>
  /** Begins with chats of which nothing is under way, as far as there is room. */
  readonly begin: () => void
  /** From the ledger, what there is room for. */
  readonly readOn: Effect.Effect<void>
  /** Tells again what has been without an answer for so long. */
  readonly repeat: Effect.Effect<void>
  readonly hasMore: () => boolean
  readonly isEmpty: () => boolean
}

export const make = Effect.fnUntraced(function* (options: {
  /** So many are on their way at a time, each of another chat. */
  readonly mostUnderWay: number
  readonly isTaken: () => boolean
  readonly wall: () => number
  readonly waiting: (limit: number, after: number) => Effect.Effect<ReadonlyArray<HeardPlace>>
  /** Answers whether it is on its way; `returned`: nobody has taken it, and it is told again under the same name. */
  readonly tell: (
    place: HeardPlace,
    returned: (name: string) => void,
    name: string | undefined
  ) => Effect.Effect<boolean>
}) {
  const { isTaken, mostUnderWay, tell, waiting, wall } = options
  const run = yield* FiberSet.makeRuntime<never>()

  /** Of each chat what waits, in order; the first of them is the one that leaves. */
  const chats = new Map<string, Array<HeardPlace>>()
  const known = new Map<EventId, HeardPlace>()
  const heads = new Map<EventId, Head>()
  /** Of which nothing is under way. */
  const idle = new Set<string>()
  /** The last place that the ledger has given out in this life. */
  let latest = -1
  /** Behind which place the ledger has more than is known here; `undefined` when it has no more. */
  let unread: number | undefined = -1

  const leave = Effect.fnUntraced(function* (place: HeardPlace, times: number, name?: string) {
    heads.set(place.id, { ...place, at: wall(), times, name: undefined })
    const returned = (name: string) => {
      if (heads.has(place.id)) heads.set(place.id, { ...place, at: Number.NEGATIVE_INFINITY, times: times - 1, name })
    }
    if (yield* tell(place, returned, name)) return
    forget(place.id)
    begin()
  })

  const begin = () => {
    if (!isTaken()) return
    for (const chat of idle) {
      if (heads.size >= mostUnderWay) return
      idle.delete(chat)
      run(leave(chats.get(chat)![0]!, 1))
    }
  }

  const learn = (place: HeardPlace) => {
    if (known.has(place.id)) return
    known.set(place.id, place)
    const chat = chats.get(place.chat)
    if (chat !== undefined) return void chat.push(place)
    chats.set(place.chat, [place])
    idle.add(place.chat)
  }

  const forget = (id: EventId) => {
    const place = known.get(id)
    const wasHead = heads.delete(id)
    if (place === undefined) return
    const left = chats.get(place.chat)!.filter((other) => other.id !== id)
    known.delete(id)
    if (left.length === 0) chats.delete(place.chat)
    else chats.set(place.chat, left)
    if (left.length === 0) idle.delete(place.chat)
    else if (wasHead) idle.add(place.chat)
  }

  const lane: Lane = {
    kept: (places) => {
      const last = places.at(-1)
      if (last === undefined) return
      if (unread === undefined && known.size < mostKnown) for (const place of places) learn(place)
      else unread ??= places[0]!.place - 1
      latest = last.place
      begin()
    },
    forget: (ids) => {
      const own = ids.filter((id) => known.has(id))
      for (const id of own) forget(id)
      return own
    },
    begin,
    readOn: Effect.gen(function* () {
      while (unread !== undefined && known.size < mostKnown) {
        const upTo = latest
        const page: ReadonlyArray<HeardPlace> = yield* waiting(mostKnown, unread)
        for (const place of page) learn(place)
        const last: number = page.at(-1)?.place ?? unread
        // nothing came while it was read: what was given out and is not there any more had no room
        unread = page.length < mostKnown && latest === upTo ? undefined : last
      }
      begin()
    }),
    repeat: Effect.gen(function* () {
      const now = wall()
      for (const head of [...heads.values()]) {
        if (heads.get(head.id) !== head) continue // acknowledged meanwhile, or told anew
        if (now - head.at <= Math.min(againAfterMillis * 2 ** (head.times - 1), longestMillis)) continue
        yield* leave(head, head.times + 1, head.name)
      }
    }),
    hasMore: () => unread !== undefined,
    isEmpty: () => known.size === 0
  }
  return lane
})
