import { Context, Effect, Layer } from "effect"
import { Device } from "#domain/device/Device.ts"
import { categoryOf, type DeviceId } from "#domain/Ids.ts"
import { Inbound, type ReceivedFact } from "#domain/inbound/Inbound.ts"
import type { JsonObject } from "#domain/Json.ts"
import { Message } from "#domain/message/Message.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import { Blobs, type BlobsUnavailable } from "#domain/ports/Blobs.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { Erasure } from "#domain/privacy/Erasure.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"
import { type PublicData, type PublicType, publicTypes } from "../api/PublicTypes.ts"
import { cursorOf } from "../http/Cursor.ts"
import { Identity } from "../identity/Identity.ts"
import { factJson, saidJson } from "../inbound/FactDocument.ts"
import { evolve, reveal } from "../messages/MessageDocument.ts"
import { errorJson } from "../messages/MessageJson.ts"
import { Personal } from "../privacy/Personal.ts"
import { metaJson, metaTypeOf } from "./MetaDocument.ts"
import * as Origins from "./Origins.ts"
import { sessionJson } from "./SessionDocument.ts"

/** A CloudEvent 1.0: the one shape in which webhooks, live connections, the bus and `GET /v1/events` tell what happened. */
export interface PublicEvent {
  readonly specversion: "1.0"
  /** The event's in the log. */
  readonly id: string
  /** `/devices/<id>`: of the device that it came by; `/meta/<app>`, `/sessions/<source>`: of whom that told it. */
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

export interface About {
  readonly type: PublicType
  /** Absent where it came by none: of what Meta tells, say, which is told to those alone who may read everything. */
  readonly device: DeviceId | undefined
  /** Where and by whom it was said; absent for what happens to the device itself. */
  readonly origin?: Origins.Origin
}

/** What is personal in an event of a device that says no more than that. */
const boxIn = (data: object): readonly [field: "name" | "number", sealed: Sealed | undefined] => {
  const { name, number } = data as { readonly name?: Sealed; readonly number?: Sealed }
  return number === undefined ? ["name", name] : ["number", number]
}

/** What holds parts of what is told does not answer. */
export type TellingUnavailable = BlobsUnavailable | EventStoreUnavailable | SubjectKeysUnavailable

/** What of the log is told to the outside, and how. */
export class PublicEvents extends Context.Service<
  PublicEvents,
  {
    /** `undefined` for what is nobody else's business. `personal`: whether whoever hears it may read numbers, names and texts. */
    readonly tell: (
      event: RecordedEvent,
      options: { readonly personal: boolean }
    ) => Effect.Effect<PublicEvent | undefined, TellingUnavailable>
    /** Of which type it is told, and of which device; `undefined` for what is not told. Opens nothing. */
    readonly about: (event: RecordedEvent) => Effect.Effect<About | undefined, EventStoreUnavailable>
  }
>()("homing/services/events/PublicEvents") {}

/** The events of these are told, all others are nobody else's business. */
const told = [Message, Inbound, MetaFact, SessionFact, Device, Erasure] as const
const isTold: ReadonlySet<string> = new Set(told.flatMap(({ read }) => [...read.types]))

/** What is heard is told as what it is; of a kind that only a newer release knows, as something that was said. */
const wordFor = ({ content: { kind }, isHistory }: ReceivedFact) => {
  if (isHistory) return "history"
  return `homing.inbound.${kind}.v1` in publicTypes ? kind : "message"
}

/** `message.sent.v1`, in whichever version it is stored, is told as `homing.message.sent.v1`. */
const typeOf = (event: RecordedEvent): PublicType => {
  const name = event.type.slice(0, event.type.lastIndexOf("."))
  if (name === "meta.received") return metaTypeOf(MetaFact.read(event).data)
  if (name !== "inbound.received") return `homing.${name}.v1` as PublicType
  return `homing.inbound.${wordFor(Inbound.read(event).data as ReceivedFact)}.v1` as PublicType
}

type Data = PublicData[PublicType]

/** What came by no device, and from whom. */
const sourceOf = (recorded: RecordedEvent): string => {
  const category = categoryOf(recorded.stream)
  if (category === Erasure.category) return "/erasures"
  return category === SessionFact.category
    ? `/sessions/${SessionFact.read(recorded).data.source.name}`
    : `/meta/${MetaFact.read(recorded).data.source.app}`
}
const isOfNoDevice: ReadonlySet<string> = new Set([MetaFact.category, SessionFact.category, Erasure.category])

/** Of whom it is, nobody is told but by keyed digests: by these whoever keeps something of them finds it. */
const erasureJson = (recorded: RecordedEvent) => {
  const id = Erasure.idOf(recorded.stream)
  const event = Erasure.read(recorded)
  return event.type === "erasure.requested" ? { id, cause: event.data.cause } : { id, ...event.data }
}

export const layer = Layer.effect(
  PublicEvents,
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const { epoch } = yield* Identity
    const opener = yield* Personal
    const { originOf } = yield* Origins.make

    const ofMessage = Effect.fnUntraced(function* (recorded: RecordedEvent, device: DeviceId, personal: boolean) {
      const id = Message.idOf(recorded.stream)
      const event = Message.read(recorded)
      if (event.type !== "message.queued") {
        const { at, attempt } = event.data
        const data: Data = {
          id,
          device,
          attempt,
          at,
          ...("code" in event.data && { error: errorJson(event.data.code) })
        }
        return data
      }
      const document = evolve(id, undefined, recorded)
      const { content, to } = personal ? yield* reveal(opener, document) : { content: undefined, to: undefined }
      const { expiresAt, replyTo, tags, waMessageId } = document
      const data: PublicData["homing.message.queued.v1"] = {
        id,
        device,
        ...(to !== undefined && { to: to.address }),
        ...(content !== undefined && { content }),
        ...(waMessageId !== undefined && { waMessageId }),
        ...(replyTo !== undefined && { replyTo }),
        tags,
        expiresAt
      }
      return data
    })

    const ofFact = Effect.fnUntraced(function* (recorded: RecordedEvent, device: DeviceId, personal: boolean) {
      const id = Inbound.idOf(recorded.stream)
      const event = Inbound.read(recorded)
      const place = { tenant: recorded.metadata.tenant, stream: recorded.stream, event: recorded.eventId }
      const opening = personal ? opener : undefined
      if (event.type === "inbound.received") return yield* factJson(opening, id, event.data, place)
      if (event.type === "inbound.read_requested") return { id, device } satisfies Data
      if (event.type === "inbound.read_marked") return { id, device, at: event.data.at } satisfies Data
      if (event.type === "inbound.read_withheld") return { id, device, reason: event.data.reason } satisfies Data
      const { content, heardAt, target } = event.data
      const shown = yield* saidJson(opening, content, place)
      const data: Data = { id, device, ...shown, ...(target !== undefined && { target }), heardAt }
      return data
    })

    const ofDevice = Effect.fnUntraced(function* (
      { eventId: event, metadata: { tenant }, ...recorded }: RecordedEvent,
      id: DeviceId,
      personal: boolean
    ) {
      const { data } = Device.read({ ...recorded, eventId: event })
      if ("at" in data) return { id, at: data.at, ...("reason" in data && { reason: data.reason }) } satisfies Data
      const [field, sealed] = boxIn(data)
      if (sealed === undefined || !personal) return { id } satisfies Data
      // whose number it is follows from nothing but itself
      const subject = field === "name" ? opener.subjectOf("device", id) : sealed.subject
      const words = yield* opener.reveal(sealed, { tenant, event, field }, { stream: recorded.stream, subject })
      return { id, ...(words !== undefined && { [field]: words }) } satisfies Data
    })

    const shown = (
      recorded: RecordedEvent,
      device: DeviceId | undefined,
      personal: boolean
    ): Effect.Effect<Data, BlobsUnavailable | SubjectKeysUnavailable> => {
      const category = categoryOf(recorded.stream)
      const opening = personal ? opener : undefined
      if (category === Erasure.category) return Effect.succeed(erasureJson(recorded) satisfies Data)
      if (category === SessionFact.category) return sessionJson(opening, blobs, recorded)
      if (device === undefined) return metaJson(opening, blobs, recorded)
      if (category === Message.category) return ofMessage(recorded, device, personal)
      return category === Inbound.category ? ofFact(recorded, device, personal) : ofDevice(recorded, device, personal)
    }

    /**
     * What was tampered with is told without what cannot be read: it holds up nothing behind it. The defect may quote what
     * it could not decode, and so is not logged.
     */
    const dataOf = (recorded: RecordedEvent, device: DeviceId | undefined, personal: boolean) => {
      if (!personal) return shown(recorded, device, false)
      return Effect.catchDefect(shown(recorded, device, true), () =>
        Effect.logError("an event holds damaged personal data; it is told without", { event: recorded.eventId }).pipe(
          Effect.andThen(shown(recorded, device, false))
        )
      )
    }

    const about = (event: RecordedEvent): Effect.Effect<About | undefined, EventStoreUnavailable> => {
      if (!isTold.has(event.type)) return Effect.succeed(undefined)
      const type = typeOf(event)
      if (isOfNoDevice.has(categoryOf(event.stream))) return Effect.succeed({ type, device: undefined })
      return categoryOf(event.stream) === Device.category
        ? Effect.succeed({ type, device: Device.idOf(event.stream) })
        : Effect.map(originOf(event), (origin) => origin && { type, device: origin.device, origin })
    }

    return {
      about,
      tell: Effect.fnUntraced(function* (recorded, { personal }) {
        const found = yield* about(recorded)
        if (found === undefined) return undefined
        const { device, type } = found
        const data = yield* dataOf(recorded, device, personal)
        const event: PublicEvent = {
          specversion: "1.0",
          id: recorded.eventId,
          source: device === undefined ? sourceOf(recorded) : `/devices/${device}`,
          type,
          time: recorded.metadata.occurredAt,
          subject: data.id,
          datacontenttype: "application/json",
          cursor: cursorOf(epoch, recorded.position),
          data: data as object as JsonObject
        }
        return event
      })
    }
  })
)
