import { Effect, Stream } from "effect"
import { categories, isReleased } from "#domain/Aggregates.ts"
import { categoryOf, type StreamId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { pastOf } from "../runtime/Past.ts"

/** A place in the log as whoever asks names it: by its position, or by a time. */
export type Place = { readonly position: bigint } | { readonly at: Instant }

export interface Asked {
  readonly from?: Place | undefined
  readonly to?: Place | undefined
  readonly device?: string | undefined
  /** Names of a chat: messages to it, and what came in it. */
  readonly chat?: ReadonlySet<string> | undefined
  readonly tag?: { readonly key: string; readonly value: string } | undefined
}

/** How often it is told. */
const toldEvery = 1_024

/** How far a reading has come: of all events up to `head`. */
export type Progress = (position: bigint, events: number) => void

const isBehind = (place: Place | undefined, { metadata, position }: RecordedEvent) =>
  place === undefined ? true : "at" in place ? metadata.occurredAt >= place.at : position >= place.position

/** Of a stream what its first event says of whom and what it is about. */
const aboutOf = (event: RecordedEvent) => {
  const category = categoryOf(event.stream)
  if (category === "device") return { device: event.stream.slice("device-".length), names: [], tags: {} }
  if (event.revision !== 0 || !isReleased(event)) return undefined
  if (category === Message.category) {
    const read = Message.read(event)
    if (read.type !== "message.queued") return undefined
    const { device, recipient, tags } = read.data
    return { device: device as string, names: [recipient.address.subject as string], tags }
  }
  if (category !== Inbound.category) return undefined
  const read = Inbound.read(event)
  return read.type === "inbound.received"
    ? { device: read.data.source.device as string, names: read.data.chat.names as ReadonlyArray<string>, tags: {} }
    : undefined
}

const everything = (_: RecordedEvent) => true

/** Whether an event is of what is asked for: asked about each in the log's order, from the first on. */
const matching = ({ chat, device, tag }: Asked) => {
  if (chat === undefined && device === undefined && tag === undefined) return everything
  const wanted = new Set<StreamId>()
  return (event: RecordedEvent) => {
    const about = aboutOf(event)
    if (about !== undefined) {
      const tags: Readonly<Record<string, string>> = about.tags
      const isWanted =
        (device === undefined || about.device === device) &&
        (chat === undefined || about.names.some((name) => chat.has(name))) &&
        (tag === undefined || tags[tag.key] === tag.value)
      if (isWanted) wanted.add(event.stream)
    }
    return wanted.has(event.stream)
  }
}

/**
 * What the log holds of it, in its order, up to `to` or the end that it has now. A time says up to the last event that was
 * recorded by then, as `placeOf` finds it. `progress` hears now and then how far it is.
 */
export const pages = (asked: Asked, upTo: bigint, progress: Progress = () => {}) => {
  const isOf = matching(asked)
  let events = 0
  return Stream.filter(pastOf(categories, upTo), (event) => {
    events++
    if (events % toldEvery === 0 || event.position >= upTo) progress(event.position, events)
    return isOf(event) && isBehind(asked.from, event)
  })
}

/** What comes behind a place, for ever. Whose it is may have been said before it. */
export const following = (asked: Asked, after: bigint | undefined) =>
  Stream.unwrap(
    Effect.map(EventStore, (store) => {
      const isOf = matching(asked)
      const begins = isOf === everything ? after : undefined
      return store
        .subscribe({ categories, after: begins })
        .pipe(Stream.filter((event) => isOf(event) && (after === undefined || event.position > after)))
    })
  )

/** Where a place is: of a time, its last event that was recorded by then, wherever in the log that stands. */
export const placeOf = Effect.fnUntraced(function* (place: Place | undefined, progress?: Progress) {
  const head = yield* (yield* EventStore).head
  if (head === undefined) return undefined
  if (place === undefined) return head
  if ("position" in place) return place.position < head ? place.position : head
  let last: bigint | undefined
  yield* pages({}, head, progress).pipe(
    Stream.runForEach(({ metadata, position }) =>
      Effect.sync(() => {
        if (metadata.occurredAt <= place.at) last = position
      })
    )
  )
  return last
})
