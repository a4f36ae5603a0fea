import { Array, Effect, Stream } from "effect"
import { aggregates, isReleased } from "#domain/Aggregates.ts"
import { Device } from "#domain/device/Device.ts"
import { categoryOf, type StreamId } from "#domain/Ids.ts"
import { Message, reportOf } from "#domain/message/Message.ts"
import { type Report, type Status, statusOf } from "#domain/message/Status.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { fold as foldDevices } from "../devices/DevicesRows.ts"
import { evolve, type SealedDocument, statusOfDocument } from "../messages/MessageDocument.ts"
import { type Progress, pages } from "./Reading.ts"
import { unsealed } from "./Told.ts"

/** What stands under a name was never written: not by then, or not at all. */
export type State = Readonly<Record<string, unknown>> | undefined

type Folding = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) => unknown

/** As its own decisions see it. */
const byDecider =
  (category: string): Folding =>
  (events) => {
    const found = aggregates.find((one) => one.category === category)
    if (found === undefined) return undefined
    const { evolve, initialState, read } = found as unknown as {
      readonly evolve: (state: unknown, event: unknown) => unknown
      readonly initialState: unknown
      readonly read: (event: RecordedEvent) => unknown
    }
    return events.filter(isReleased).reduce((state, event) => evolve(state, read(event)), initialState)
  }

const message: Folding = (events) => {
  const id = Message.idOf(events[0].stream)
  const document = events.reduce<SealedDocument | undefined>((before, event) => evolve(id, before, event), undefined)
  return document && { ...document, status: statusOfDocument(document) }
}

const device: Folding = (events) => foldDevices(new Map(), events).get(Device.idOf(events[0].stream))

const shown: Readonly<Record<string, Folding>> = { [Message.category]: message, [Device.category]: device }

/** What a stream had come to by a place in the log: as it is shown where there is such a way, else as its decisions see it. */
export const stateAt = Effect.fnUntraced(function* (stream: StreamId, upTo: bigint) {
  const events = (yield* (yield* EventStore).read(stream)).filter(({ position }) => position <= upTo)
  if (!Array.isReadonlyArrayNonEmpty(events)) return undefined
  const category = categoryOf(stream)
  const state = unsealed((shown[category] ?? byDecider(category))(events))
  const found: State = { stream, events: events.length, state }
  return found
})

/** How many messages and devices stood how by a place in the log. */
export const totalsAt = Effect.fnUntraced(function* (upTo: bigint, progress?: Progress) {
  const messages = new Map<StreamId, { readonly recipients: ReadonlyArray<never>; reports: ReadonlyArray<Report> }>()
  const devices = new Map<StreamId, Array<RecordedEvent>>()
  const byCategory: Record<string, number> = {}
  yield* pages({}, upTo, progress).pipe(
    Stream.runForEach((event) =>
      Effect.sync(() => {
        const category = categoryOf(event.stream)
        byCategory[category] = (byCategory[category] ?? 0) + 1
        if (category === Device.category) devices.set(event.stream, [...(devices.get(event.stream) ?? []), event])
        if (category !== Message.category || !isReleased(event)) return
        const read = Message.read(event)
        const known = messages.get(event.stream)
        if (read.type === "message.queued") {
          messages.set(event.stream, { recipients: read.data.recipients as never, reports: [] })
        } else if (known !== undefined) known.reports = [...known.reports, reportOf(read)]
      })
    )
  )
  const count = (all: Iterable<string>) => {
    const counts: Record<string, number> = {}
    for (const one of all) counts[one] = (counts[one] ?? 0) + 1
    return counts
  }
  const statuses: ReadonlyArray<Status> = [...messages.values()].map((one) => statusOf(one.reports, one.recipients))
  const records = [...devices.values()].flatMap((events) => [...foldDevices(new Map(), events).values()])
  return {
    position: String(upTo),
    events: byCategory,
    messages: count(statuses),
    devices: count(records.filter(({ removal }) => removal !== "done").map(({ connection }) => connection))
  }
})
