import { Effect, Metric, Option, Schedule, Schema } from "effect"
import { reportIdOf } from "#domain/Identifiers.ts"
import type { StreamId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Handed, longestEvent } from "#domain/ports/RegionFeeds.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { seal } from "#domain/privacy/Sealing.ts"
import { Report, type Reported } from "#domain/region/Report.ts"
import { Personal } from "../privacy/Personal.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Event, ownerIn, toldBy } from "./PublicTold.ts"

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Event))
const decodeData = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

const refused = Metric.counter("homing_region_events_refused_total", {
  description: "What stood on a region's bus and is no public event."
})

/** A store that does not answer is asked until it does: what is not recorded is not acknowledged. */
const patiently = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")])

/** Records what a region told, once however often it is handed over. Completes when it is durable. */
export const make = Effect.gen(function* () {
  const actors = yield* AggregateActors.make(Report)
  const crypto = yield* Crypto
  const keys = yield* SubjectKeys
  const store = yield* EventStore
  const { subjectOf } = yield* Personal
  const phoneSubject = (phone: string) => subjectOf("phone", phone)
  const { tenant } = yield* Provenance

  /** What completes a fact names nobody: it is whose the fact is. */
  const firstOwner = (stream: StreamId) =>
    Effect.map(store.read(stream), ([first]) => first && Report.read(first).data.whole.subject)

  const record = Effect.fnUntraced(function* (region: string, event: Event, lacking: string | undefined) {
    const told = toldBy(event, phoneSubject)
    const id = reportIdOf(crypto, told.id, 1, `region ${region}`)
    const stream = Report.streamOf(id)
    const named = ownerIn(event, phoneSubject)
    const subject = named ?? (yield* firstOwner(stream)) ?? subjectOf("region", region)
    const key = yield* keys.obtain(tenant, subject)
    const eventId = reportIdOf(crypto, event.id, 1, `region ${region}`)
    const { data, time, type } = event
    const text = JSON.stringify({ id: event.id, type, time, subject: event.subject, data })
    const reported: Reported = {
      region,
      event: event.id,
      type,
      cursor: event.cursor,
      time,
      told,
      whole: seal(crypto, subject, key, { tenant, event: eventId, field: "event" }, text),
      ...(lacking !== undefined && { lacking })
    }
    const origin = {
      actor: { kind: "gateway", id: "regions" },
      correlationId: told.id,
      causationId: event.id
    } as const
    const command = () => ({ _tag: "Record", reported }) as const
    yield* actors.execute(stream, command, origin, { eventId, expectNew: named !== undefined })
  })

  const refuse = (region: string) =>
    Effect.andThen(
      Metric.update(refused, 1),
      Effect.logError("what stands on a region's bus is no event of a gateway; it is passed over", { region })
    )

  return Effect.fnUntraced(function* (region: string, { closed, opened, text }: Handed) {
    const found = text.length > longestEvent ? Option.none() : decode(text)
    if (found._tag === "None") return yield* refuse(region)
    const whole = opened === undefined ? Option.none() : decodeData(opened)
    const event = whole._tag === "Some" ? { ...found.value, data: whole.value } : found.value
    yield* Effect.retry(record(region, event, closed ?? event.omitted), patiently)
  })
})
