import { Context, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import type { DeviceId, EventId, MessageId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { Message, type MessageRejected } from "#domain/message/Message.ts"
import { type Report, reportKey } from "#domain/message/Status.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import type { Actor } from "#domain/Recorded.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import { ended } from "../runtime/Traced.ts"

/** Where a report comes from. */
export interface Source {
  /** See `nameOf`. */
  readonly id: EventId
  readonly actor: Actor
  /** One of the actor's own: nobody has a say in another's messages. */
  readonly device: DeviceId
  /** The order that the report answers to. */
  readonly answers: EventId
  /** Whom that is for, as the actor knows it. */
  readonly subject: string
  /** By the clock of whoever reports. */
  readonly at: Instant
  /** Whatever proves it, base64url. */
  readonly evidence?: string
  /** Where in which trace it was reported. */
  readonly trace?: string | undefined
}

/** What a transport says of a message becomes an event in its stream. */
export class Outcomes extends Context.Service<
  Outcomes,
  {
    /** The name of a report and of its event: what is told again has the same one. */
    readonly nameOf: (answers: EventId, report: Report) => EventId
    readonly record: (
      message: MessageId,
      report: Report,
      source: Source
    ) => Effect.Effect<unknown, MessageRejected | EventStoreUnavailable>
  }
>()("homing/services/transports/Outcomes") {}

export const layer = Layer.effect(
  Outcomes,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const messages = yield* MessageActors
    const traces = yield* Traces
    const wall = yield* Clocks.wall
    return {
      nameOf: (answers, report) => reportIdOf(crypto, answers, report.attempt, reportKey(report)),
      record: (message, report, { id: eventId, actor, answers, device, subject, trace, ...told }) => {
        const span = traces?.begin(`record ${report.kind}`, trace)
        const recorded = messages.execute(
          Message.streamOf(message),
          () => ({
            _tag: "Record",
            answer: { command: answers, device, subject },
            report,
            now: fromMillis(wall()),
            ...told
          }),
          { actor, correlationId: message, causationId: answers, trace: span?.traceparent ?? trace },
          { eventId }
        )
        return ended(recorded, span, { "homing.message.id": message, "homing.device.id": device })
      }
    }
  })
)
