import { Clock, Effect } from "effect"
import * as Secret from "#domain/delivery/Secret.ts"
import { categoryOf } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Message } from "#domain/message/Message.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { type OpenSpan, Traces } from "#domain/ports/Tracing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { type PublicEvent, PublicEvents } from "../events/PublicEvents.ts"
import { type Answered, answered, inWords, surely, timeoutMillis, Unsendable } from "./Answered.ts"
import type { Delivery } from "./Delivery.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Opened from "./Opened.ts"
import type { Recent } from "./Recent.ts"
import * as WaGateway from "./WaGateway.ts"

/** How many events of a stream are remembered when it is read. */
const readAhead = 8

/** Greater, as text, for what is later in the log: a function of the event alone, whoever computes it. */
const sequenceOf = ({ position }: Pick<Delivery, "position">): string => String(position).padStart(20, "0")

interface Told {
  readonly event: Omit<PublicEvent, "cursor"> & { readonly sequence?: string }
  /** Of a message, how it began. */
  readonly queued: PublicEvent | undefined
  /** In the trace of what happened. */
  readonly span?: OpenSpan | undefined
}

/** Sends what happened to an endpoint, once. `recent`: events that are not read again. */
export const make = Effect.fnUntraced(function* (recent?: Recent) {
  const crypto = yield* Crypto
  const open = yield* Opened.make
  const outbound = yield* OutboundHttp
  const signaturePrefix = yield* WaGateway.SignaturePrefix
  const { tell } = yield* PublicEvents
  const store = yield* EventStore
  const traces = yield* Traces

  /** As Standard Webhooks has it, signed by each that is good at this moment. */
  const standard = Effect.fnUntraced(function* (signing: Opened.Opened["secrets"], id: string, event: Told["event"]) {
    const body = WaGateway.textOf(event)
    const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
    const headers = {
      "content-type": "application/cloudevents+json; charset=utf-8",
      "webhook-timestamp": String(seconds),
      "webhook-signature": yield* Secret.sign(crypto, signing, { body, id, seconds })
    }
    return { body, headers }
  })

  const send = Effect.fnUntraced(function* (
    endpoint: EndpointRecord,
    id: string,
    { event, queued, span }: Told,
    timeoutMs: number
  ) {
    const now = yield* Clock.currentTimeMillis
    const opened = yield* open(endpoint)
    if (opened === undefined) return yield* new Unsendable()
    const signing = opened.secrets.filter(({ until }) => until === null || toMillis(until) > now)
    const { body, headers } =
      endpoint.format === "wa-gateway"
        ? WaGateway.written(crypto, signing[0], event, queued, signaturePrefix)
        : yield* standard(signing, id, event)
    const traced = span && { traceparent: span.traceparent }
    const all = { "user-agent": "Homing", "webhook-id": id, ...traced, ...headers }
    return yield* outbound.post({ url: opened.url, headers: all, body, timeoutMs })
  })

  /** What follows in its stream is told next in its chat, as a rule. */
  const eventOf = Effect.fnUntraced(function* ({ event, revision, stream }: Delivery) {
    const known = recent?.get(event)
    if (known !== undefined) return known
    const events = yield* store.read(stream)
    for (const later of events.slice(revision + 1, revision + readAhead)) recent?.set(later.eventId, later)
    return events[revision]
  })

  /** What was sent, of a message whose event does not say it. */
  const queuedOf = Effect.fnUntraced(function* (event: RecordedEvent, { format, personal }: EndpointRecord) {
    if (format !== "wa-gateway" || categoryOf(event.stream) !== Message.category) return undefined
    const [first] = yield* store.read(event.stream)
    return first && (yield* tell(first, { personal }))
  })

  const attempted = (endpoint: EndpointRecord, id: string, told: Told, longest = timeoutMillis) => {
    const timeoutMs = Math.min(longest, endpoint.timeoutMillis ?? longest)
    return answered(Effect.catchTags(send(endpoint, id, told, timeoutMs), inWords))
  }

  return {
    /** What does not answer on this side counts as no attempt. */
    deliver: (delivery: Delivery, endpoint: EndpointRecord): Effect.Effect<Answered> =>
      surely(
        delivery,
        Effect.gen(function* () {
          const event = yield* eventOf(delivery)
          const told = event && (yield* tell(event, { personal: endpoint.personal }))
          if (told === undefined) return yield* Effect.die(new Error("a delivery is of an event that is not told"))
          const queued = yield* queuedOf(event!, endpoint)
          const span = traces?.begin("deliver", event!.metadata.traceparent)
          const happened = { event: { ...told, sequence: sequenceOf(delivery) }, queued, span }
          const answer = yield* attempted(endpoint, delivery.id, happened)
          span?.end({}, !answer.isDelivered)
          return answer
        })
      ),

    /** Something that did not happen, to see whether it arrives. */
    test: Effect.fnUntraced(function* (endpoint: EndpointRecord, id: string, timeoutMs: number) {
      const told: Omit<PublicEvent, "cursor"> = {
        specversion: "1.0",
        id,
        source: `/endpoints/${endpoint.id}`,
        type: "homing.endpoint.test.v1",
        time: fromMillis(yield* Clock.currentTimeMillis),
        subject: endpoint.id,
        datacontenttype: "application/json",
        data: { id: endpoint.id }
      }
      return yield* attempted(endpoint, id, { event: told, queued: undefined }, timeoutMs)
    })
  }
})
