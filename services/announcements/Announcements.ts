import { Effect } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type Announcement, eventSubjectOf } from "#domain/ports/EventBus.ts"
import { sealFor } from "#domain/privacy/Jwe.ts"
import type { SealingKey } from "#domain/privacy/SealingKey.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { type PublicEvent, PublicEvents } from "../events/PublicEvents.ts"
import type { Manner } from "./Settings.ts"

/** A public event as it stands on the bus: `data` without what is personal, unless that is to be plain. Extensions of a CloudEvent hold text, no objects. */
export interface AnnouncedEvent extends PublicEvent {
  /** The whole `data`, where it says more: for each sealing key a JWE, with spaces between them. */
  readonly sealed?: string
  /** There is more to say, and it is too long for the bus. */
  readonly omitted?: "too_large"
}

export interface Options {
  /** Sealed for whoever has a key, unless something else is said. */
  readonly personal?: Manner
  /** For whom the whole `data` is sealed. */
  readonly sealingKeys?: ReadonlyArray<SealingKey> | undefined
}

const written = (event: AnnouncedEvent) => utf8(JSON.stringify(event))

/** What of the log is published, and how. */
export const make = Effect.fnUntraced(function* ({ personal: manner = "sealed", sealingKeys = [] }: Options) {
  const crypto = yield* Crypto
  const { tell } = yield* PublicEvents

  /** Bound to the event's id: nobody passes one event's box off as another's. */
  const sealedOf = Effect.fnUntraced(function* (recorded: RecordedEvent, { data, id }: PublicEvent) {
    if (manner !== "sealed" || sealingKeys.length === 0) return undefined
    const whole = yield* tell(recorded, { personal: true })
    const json = JSON.stringify(whole?.data)
    if (whole === undefined || json === JSON.stringify(data)) return undefined
    return sealingKeys.map((key) => sealFor(crypto, key, id, json)).join(" ")
  })

  /** With what is personal, as it is meant to be; the same event where there is none. */
  const fullOf = Effect.fnUntraced(function* (recorded: RecordedEvent, told: PublicEvent) {
    if (manner === "plain") return (yield* tell(recorded, { personal: true })) ?? told
    const sealed = yield* sealedOf(recorded, told)
    return sealed === undefined ? told : { ...told, sealed }
  })

  /** Of at most so many bytes, unless it is longer without anything personal; `undefined` for what is not told. */
  return Effect.fnUntraced(function* (recorded: RecordedEvent, mostBytes: number) {
    const told = yield* tell(recorded, { personal: false })
    if (told === undefined) return undefined
    const { cursor, id, type } = told
    const said = yield* fullOf(recorded, told)
    const full = written(said)
    const fits = said === told || full.length <= mostBytes
    const announcement: Announcement = {
      id,
      subject: eventSubjectOf(recorded.metadata.tenant, type),
      cursor,
      bytes: fits ? full : written({ ...told, omitted: "too_large" })
    }
    return { announcement, type }
  })
})
