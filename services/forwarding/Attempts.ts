import { Clock, Effect, Schema, Semaphore } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import * as Secret from "#domain/delivery/Secret.ts"
import { BlobId, type TargetId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { Batch } from "#domain/meta/Batch.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import * as RawWebhook from "#domain/meta/RawWebhook.ts"
import type { Target } from "#domain/meta/Target.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { type OpenSpan, Traces } from "#domain/ports/Tracing.ts"
import { changeTextOf, isLong } from "../events/MetaDocument.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import { source } from "../meta/Forwarding.ts"
import * as Signature from "../meta/Signature.ts"
import { Personal } from "../privacy/Personal.ts"
import { type Opened, Routes } from "../routes/Routes.ts"
import { answered, gone, inWords, surely, timeoutMillis, Unsendable } from "../webhooks/Answered.ts"
import type { Delivery } from "../webhooks/Delivery.ts"
import type { Recent } from "../webhooks/Recent.ts"

/** What is sent, and the headers that say something of it. */
interface Sent {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

class BytesGone extends Schema.TaggedError<BytesGone>()("BytesGone", {}) {}
const words = { ...inWords, BytesGone: (_: BytesGone) => Effect.succeed<string>(gone) }

/** Of what stands in blobs so much at once for each target and for all of them, in KiB: all of it is in memory while it is on its way. */
const mostAtOnce = 8 * 1_024
const mostForAll = 4 * mostAtOnce
const placesOf = (bytes: number) => Math.min(mostAtOnce, Math.ceil(bytes / 1_024))

/** Sends what Meta told to a target, once. */
export const make = Effect.fnUntraced(function* (recent: Recent) {
  const blobs = yield* Blobs
  const crypto = yield* Crypto
  const outbound = yield* OutboundHttp
  const personal = yield* Personal
  const { tell } = yield* PublicEvents
  const { opened } = yield* Routes
  const store = yield* EventStore
  const traces = yield* Traces
  const rooms = new Map<TargetId, Semaphore.Semaphore>()
  const room = yield* Semaphore.make(mostForAll)

  /** A target's own first: one that takes long waits for itself, and not in the room of all. */
  const within = <A, E>({ id }: Target, bytes: number, work: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    bytes === 0
      ? work
      : Effect.flatMap(Semaphore.make(mostAtOnce), (made) => {
          const own = rooms.get(id) ?? made
          rooms.set(id, own)
          const places = placesOf(bytes)
          return own.withPermits(places)(room.withPermits(places)(work))
        })

  const eventOf = Effect.fnUntraced(function* ({ event, revision, stream }: Delivery) {
    const found = recent.get(event) ?? (yield* store.read(stream))[revision]
    return found ?? (yield* Effect.die(new Error("a delivery is of an event that is not there")))
  })

  /** As Standard Webhooks has it, by each secret that is good at this moment. */
  const signed = Effect.fnUntraced(function* ({ id }: Delivery, { secrets }: Opened, body: Uint8Array<ArrayBuffer>) {
    const now = yield* Clock.currentTimeMillis
    const seconds = Math.floor(now / 1_000)
    const signing = secrets.filter(({ until }) => until === null || toMillis(until) > now)
    const headers = {
      "webhook-timestamp": String(seconds),
      "webhook-signature": yield* Secret.sign(crypto, signing, { body, id, seconds })
    }
    return { headers, newest: signing[0] }
  })

  /** What a device heard, or a session source told, as the public event. */
  const told = Effect.fnUntraced(function* (delivery: Delivery, known: Opened) {
    const event = yield* tell(yield* eventOf(delivery), { personal: true })
    if (event === undefined) return yield* new Unsendable({})
    const body = utf8(JSON.stringify(event)).slice()
    const sent: Sent = { body, headers: (yield* signed(delivery, known, body)).headers }
    return sent
  })

  /** In Meta's shape with nothing else in it, as its text stands in the log. */
  const changed = Effect.fnUntraced(function* (delivery: Delivery, known: Opened) {
    const event = yield* eventOf(delivery)
    const text = yield* Effect.catchDefect(changeTextOf(personal, blobs, event), () => Effect.succeed(undefined))
    if (text === undefined) return yield* new Unsendable({})
    const body = utf8(text).slice()
    const { headers, newest } = yield* signed(delivery, known, body)
    const sent: Sent = {
      body,
      headers: {
        "x-source": source,
        ...headers,
        // as Meta signs, for whoever was written for Meta: with the text of the secret, in place of the app's
        ...(newest?.text !== undefined && { [Signature.header]: `sha256=${crypto.mac(newest.text, body, "hex")}` }),
        "x-request-digest": MetaFact.read(event).data.batch
      }
    }
    return sent
  })

  /** The bytes that Meta signed, and its signature. */
  const whole = Effect.fnUntraced(function* ({ stream }: Delivery, { secrets: [newest] }: Opened) {
    const kept = yield* Effect.catchTag(blobs.read(BlobId.make(Batch.idOf(stream))), "BlobDamaged", () =>
      Effect.succeed(undefined)
    )
    if (kept === undefined) return yield* new BytesGone({})
    const { bytes, headers } = yield* Effect.try({ try: () => RawWebhook.read(kept), catch: () => new BytesGone({}) })
    const signature = headers[Signature.header]
    const secret = newest?.shared ?? ""
    const sent: Sent = {
      body: bytes,
      headers: {
        "x-source": source,
        ...(secret !== "" && { "x-gateway-secret": secret }),
        ...(signature !== undefined && { "x-meta-signature-256": signature })
      }
    }
    return sent
  })

  const bodyOf = { change: changed, raw: whole, fact: told, event: told }

  const send = Effect.fnUntraced(function* (delivery: Delivery, target: Target, span: OpenSpan | undefined) {
    const known = yield* opened(target)
    if (known === undefined) return yield* new Unsendable({})
    const { body, headers } = yield* bodyOf[delivery.kind](delivery, known)
    const all = {
      "user-agent": "Homing",
      "content-type": "application/json",
      "x-destination-name": target.name,
      "webhook-id": delivery.id,
      ...(span && { traceparent: span.traceparent }),
      ...headers
    }
    const timeoutMs = Math.min(timeoutMillis, target.timeoutMillis)
    return yield* outbound.post({ url: known.url, headers: all, body, timeoutMs })
  })

  /** How much of a blob it holds. */
  const sizeOf = Effect.fnUntraced(function* (delivery: Delivery) {
    const event = yield* eventOf(delivery)
    if (delivery.kind !== "raw") return isLong(event) ? longestInBlob : 0
    const read = Batch.read(event)
    return read.type === "batch.received" ? read.data.bytes : 0
  })

  const spanOf = (delivery: Delivery) =>
    traces === undefined
      ? Effect.succeed(undefined)
      : Effect.map(eventOf(delivery), ({ metadata }) => traces.begin("forward", metadata.traceparent))

  return (delivery: Delivery, target: Target) =>
    surely(
      delivery,
      Effect.flatMap(sizeOf(delivery), (bytes) =>
        within(
          target,
          bytes,
          Effect.flatMap(spanOf(delivery), (span) =>
            Effect.map(answered(Effect.catchTags(send(delivery, target, span), words)), (answer) => {
              span?.end({}, !answer.isDelivered)
              return answer
            })
          )
        )
      )
    )
})

/** No request is longer, and no piece of one. */
const longestInBlob = 4 * 1_024 * 1_024
