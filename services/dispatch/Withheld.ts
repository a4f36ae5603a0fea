import { Effect } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { fold } from "#domain/Decider.ts"
import { Device } from "#domain/device/Device.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Unreadable } from "#domain/privacy/Sealing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Readings } from "../inbound/Readings.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import { isAsking, isQueued, isReadRequest, orderedBy } from "./Orders.ts"
import type { Reissues } from "./ReissueRows.ts"

export type Withheld = Effect.Success<ReturnType<typeof make>>

/**
 * What becomes of commands that cannot be made, because what they are to say cannot be read. A message gets its last
 * word from the gateway: that it failed, if nobody can have issued it, and else that nobody knows. That something was read is
 * not told.
 */
export const make = Effect.fnUntraced(function* (reissues: Pick<Reissues, "last">) {
  const actors = yield* MessageActors
  const readings = yield* Readings
  const store = yield* EventStore

  return {
    /** `issued`: a command may have left before. */
    withhold: Effect.fnUntraced(function* (event: RecordedEvent, { reason: code }: Unreadable, issued: boolean) {
      if (isReadRequest(event)) {
        if (!(yield* readings.withhold(event, "unreadable"))) return
        return yield* Effect.logError("a fact is not marked as read: where it was said cannot be read", {
          reason: code
        })
      }
      if (!isQueued(event)) {
        return yield* Effect.logError("a device cannot be paired: its number cannot be read", { reason: code })
      }
      const mayHaveLeft = issued || (yield* reissues.last(event.stream)).at > 0
      const { events } = yield* actors.execute(
        event.stream,
        ({ at }) => ({ _tag: "Withhold", at, code, issued: mayHaveLeft }),
        { actor: { kind: "gateway", id: "dispatcher" }, correlationId: event.stream, causationId: event.eventId }
      )
      if (events.length === 0) return // an agent has it, or this was said before
      Metrics.messageWithheld(code)
      const message = Message.idOf(event.stream)
      yield* Effect.logError("a message is not issued: what it says cannot be read", { message, reason: code })
    }),

    /**
     * Whether the message has its last word: a key that comes back from a copy makes no command of it again. Of a device,
     * whether something else was asked since, or it is unlinked.
     */
    isOver: (event: RecordedEvent) => {
      if (isQueued(event)) return Effect.map(store.read(event.stream), isSettled)
      if (isReadRequest(event)) return Effect.map(store.read(event.stream), isReadingOver)
      if (isAsking(event)) return Effect.map(store.read(event.stream), (stream) => isAnswered(event, stream))
      return Effect.succeed(false)
    }
  }
})

const isSettled = (stream: ReadonlyArray<RecordedEvent>) => Message.isSettled(fold(Message, stream.map(Message.read)))

const isReadingOver = (stream: ReadonlyArray<RecordedEvent>) => {
  const fact = fold(Inbound, stream.filter(isReleased).map(Inbound.read))
  return fact._tag === "Received" && (fact.reading.isDone || fact.reading.open === undefined)
}

const isAnswered = ({ eventId }: RecordedEvent, stream: ReadonlyArray<RecordedEvent>) => {
  if (orderedBy(stream)?.eventId !== eventId) return true
  const device = fold(Device, stream.filter(isReleased).map(Device.read))
  return device._tag === "Device" && device.removal === "done"
}
