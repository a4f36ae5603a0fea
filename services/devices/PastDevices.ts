import { Effect } from "effect"
import { Device, type DeviceEvent } from "#domain/device/Device.ts"
import type { DeviceId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Personal } from "../privacy/Personal.ts"
import { present } from "./DeviceDocument.ts"
import { fold } from "./DevicesRows.ts"

const pairingOf = (event: DeviceEvent) =>
  (event.type === "device.created" || event.type === "device.link_requested") && "pairing" in event.data.via
    ? { pairing: event.data.via.pairing.method }
    : {}

/** An event as a person would read it. */
const happening = (recorded: RecordedEvent) => {
  const event = Device.read(recorded)
  const { actor, occurredAt } = recorded.metadata
  return {
    id: recorded.eventId as string,
    happened: event.type.slice("device.".length),
    at: occurredAt as string,
    by: actor.kind as string,
    ...("at" in event.data && { saidAt: event.data.at as string }),
    ...("reason" in event.data && { reason: event.data.reason }),
    ...pairingOf(event)
  }
}

export const make = Effect.gen(function* () {
  const store = yield* EventStore
  const personal = yield* Personal
  const read = (id: DeviceId) => store.read(Device.streamOf(id))

  return {
    /** As it was by this place in the log. Nothing pairs it: codes are of the moment. */
    at: Effect.fnUntraced(function* (id: DeviceId, upTo: bigint) {
      const events = (yield* read(id)).filter(({ position }) => position <= upTo)
      const record = fold(new Map(), events).get(id)
      return record === undefined ? undefined : yield* present(personal, record, undefined)
    }),

    /** What happened to it, newest first, before `after`; `undefined` where there is no such device. */
    history: Effect.fnUntraced(function* (id: DeviceId, after: bigint | undefined, limit: number) {
      const all = yield* read(id)
      if (all.length === 0) return undefined
      const before = all.filter(({ position }) => after === undefined || position < after).toReversed()
      const page = before.slice(0, limit)
      return { items: page.map(happening), next: before.length > limit ? page.at(-1)?.position : undefined }
    })
  }
})
