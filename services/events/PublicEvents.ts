import { Context, type Effect } from "effect"
import type { JsonObject } from "#domain/Json.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

/** A CloudEvent 1.0: the one shape in which webhooks, live connections, the bus and `GET /v1/events` tell what happened. */
export interface PublicEvent {
  readonly specversion: "1.0"
  /** The event's in the log. */
  readonly id: string
  /** `/devices/<id>`, `/clients/<id>` … */
  readonly source: string
  /** `homing.message.sent.v1`, `homing.inbound.message.v1` … */
  readonly type: string
  readonly time: string
  /** Of which message, fact or device it is. */
  readonly subject: string
  readonly datacontenttype: "application/json"
  /** Opaque: where it stands in the log. Whoever kept the last one has missed nothing. */
  readonly cursor: string
  /** Personal members are absent for whoever may not read them. */
  readonly data: JsonObject
}

/** What of the log is told to the outside, and how. */
export class PublicEvents extends Context.Service<
  PublicEvents,
  {
    /** `undefined` for what is nobody else's business. `personal`: whether whoever hears it may read numbers, names and texts. */
    readonly tell: (
      event: RecordedEvent,
      options: { readonly personal: boolean }
    ) => Effect.Effect<PublicEvent | undefined, SubjectKeysUnavailable>
  }
>()("homing/services/events/PublicEvents") {}
