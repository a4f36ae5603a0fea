import { Context, Effect, Layer } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Device } from "#domain/device/Device.ts"
import { categoryOf, type DeviceId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import type { JsonObject } from "#domain/Json.ts"
import { Message } from "#domain/message/Message.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { PublicData, PublicType } from "../api/PublicTypes.ts"
import { cursorOf } from "../http/Cursor.ts"
import { Identity } from "../identity/Identity.ts"
import { factJson, saidJson } from "../inbound/FactDocument.ts"
import { evolve, reveal } from "../messages/MessageDocument.ts"
import { errorJson } from "../messages/MessageJson.ts"
import { Personal } from "../privacy/Personal.ts"
import * as Origins from "./Origins.ts"

/** A CloudEvent 1.0: the one shape in which webhooks, live connections, the bus and `GET /v1/events` tell what happened. */
export interface PublicEvent {
  readonly specversion: "1.0"
  /** The event's in the log. */
  readonly id: string
  /** `/devices/<id>`: of the device that it came by. */
  readonly source: string
  /** `homing.message.sent.v1`, `homing.inbound.message.v1` … */
  readonly type: string
  /** When it was recorded, by the gateway's clock. */
  readonly time: string
  /** Of which message, fact or device it is. */
  readonly subject: string
  readonly datacontenttype: "application/json"
  /** Opaque: where it stands in the log. Whoever kept the last one has missed nothing. */
  readonly cursor: string
  /** As `publicTypes` says. Personal members are absent for whoever may not read them. */
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
    ) => Effect.Effect<PublicEvent | undefined, SubjectKeysUnavailable | EventStoreUnavailable>
  }
>()("homing/services/events/PublicEvents") {}

/** The events of these are told, all others are nobody else's business. */
export const publicCategories: ReadonlyArray<string> = [Message, Inbound, Device].map(({ category }) => category)

/** A type, and data of its shape. */
type Told = { readonly [T in PublicType]: { readonly type: T; readonly data: PublicData[T] } }[PublicType]

export const layer = Layer.effect(
  PublicEvents,
  Effect.gen(function* () {
    const { epoch } = yield* Identity
    const opener = yield* Personal
    const { deviceOf } = yield* Origins.make

    const ofMessage = Effect.fnUntraced(function* (recorded: RecordedEvent, device: DeviceId, personal: boolean) {
      const id = Message.idOf(recorded.stream)
      const event = Message.read(recorded)
      if (event.type !== "message.queued") {
        const { at, attempt } = event.data
        const data = { id, device, attempt, at }
        const told: Told =
          event.type === "message.failed" || event.type === "message.unknown"
            ? { type: `homing.${event.type}.v1`, data: { ...data, error: errorJson(event.data.code) } }
            : { type: `homing.${event.type}.v1`, data }
        return told
      }
      const document = evolve(id, undefined, recorded)
      const { content, to } = personal ? yield* reveal(opener, document) : { content: undefined, to: undefined }
      const { expiresAt, tags, waMessageId } = document
      const told: Told = {
        type: "homing.message.queued.v1",
        data: {
          id,
          device,
          ...(to !== undefined && { to: to.address }),
          ...(content !== undefined && { content }),
          ...(waMessageId !== undefined && { waMessageId }),
          tags,
          expiresAt
        }
      }
      return told
    })

    const ofFact = Effect.fnUntraced(function* (recorded: RecordedEvent, device: DeviceId, personal: boolean) {
      const id = Inbound.idOf(recorded.stream)
      const event = Inbound.read(recorded)
      const place = { tenant: recorded.metadata.tenant, event: recorded.eventId }
      const opening = personal ? opener : undefined
      if (event.type === "inbound.received") {
        const told: Told = { type: "homing.inbound.message.v1", data: yield* factJson(opening, id, event.data, place) }
        return told
      }
      const { content, heardAt } = event.data
      const data = { id, device, ...(yield* saidJson(opening, content, place)), heardAt }
      const told: Told = { type: "homing.inbound.decrypted.v1", data }
      return told
    })

    const ofDevice = Effect.fnUntraced(function* (recorded: RecordedEvent, id: DeviceId, personal: boolean) {
      const event = Device.read(recorded)
      const type = `homing.${event.type}.v1` as const
      if ("at" in event.data) {
        const { at } = event.data
        return { type, data: { id, at, ...("reason" in event.data && { reason: event.data.reason }) } } as Told
      }
      if (!("name" in event.data)) return { type, data: { id } } as Told
      const place = { tenant: recorded.metadata.tenant, event: recorded.eventId, field: "name" }
      const name = personal ? yield* opener.reveal(event.data.name, place) : undefined
      return { type, data: { id, ...(name !== undefined && { name }) } } as Told
    })

    const toldOf = (recorded: RecordedEvent, category: string, device: DeviceId, personal: boolean) => {
      if (category === Message.category) return ofMessage(recorded, device, personal)
      return category === Inbound.category ? ofFact(recorded, device, personal) : ofDevice(recorded, device, personal)
    }

    /**
     * What was tampered with is told without what cannot be read: it holds up nothing behind it. The defect may quote what
     * it could not decode, and so is not logged.
     */
    const told = (recorded: RecordedEvent, category: string, device: DeviceId, personal: boolean) => {
      if (!personal) return toldOf(recorded, category, device, false)
      return Effect.catchDefect(toldOf(recorded, category, device, true), () =>
        Effect.logError("an event holds damaged personal data; it is told without", { event: recorded.eventId }).pipe(
          Effect.andThen(toldOf(recorded, category, device, false))
        )
      )
    }

    return {
      tell: Effect.fnUntraced(function* (recorded, { personal }) {
        const category = categoryOf(recorded.stream)
        if (!publicCategories.includes(category) || !isReleased(recorded)) return undefined
        const device = category === Device.category ? Device.idOf(recorded.stream) : yield* deviceOf(recorded)
        const { data, type } = yield* told(recorded, category, device, personal)
        const event: PublicEvent = {
          specversion: "1.0",
          id: recorded.eventId,
          source: `/devices/${device}`,
          type,
          time: recorded.metadata.occurredAt,
          subject: data.id,
          datacontenttype: "application/json",
          cursor: cursorOf(epoch, recorded.position),
          data: data as JsonObject
        }
        return event
      })
    }
  })
)
