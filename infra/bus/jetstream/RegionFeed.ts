import { Effect, Redacted, Schedule, Schema } from "effect"
import type { Msg } from "nats"
import { ConsumerId } from "#domain/Ids.ts"
import { type Handed, longestEvent, type RegionFeed } from "#domain/ports/RegionFeeds.ts"
import { type OpeningKey, openedIn, openingKeyOf } from "../../crypto/SealedJwe.ts"
import * as Inflow from "../../Inflow.ts"
import * as Connection from "./Connection.ts"
import { eventsFor, inboxOf } from "./Names.ts"
import { pull } from "./Pull.ts"
import { findConsumer, managerOf } from "./Streams.ts"
import { defaults, type Tuning } from "./Tuning.ts"

/** The bus of a region, read as a service of that region reads it: by a durable consumer which its own gateway makes. */
export interface Options {
  readonly region: string
  /** `nats://host:port` or `tls://host:port`, several with commas. */
  readonly url: string
  readonly consumer: string
  readonly caFile?: string | undefined
  readonly nkeySeed?: Redacted.Redacted | undefined
  /** A private JWK, for which the region seals. Without, nothing is opened. */
  readonly openingKey?: Redacted.Redacted<{ readonly kid: string }> | undefined
  readonly tuning?: Partial<Tuning> | undefined
}

const again = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

const Envelope = Schema.fromJsonString(Schema.Struct({ id: Schema.String, sealed: Schema.optionalKey(Schema.String) }))
const decode = Schema.decodeUnknownOption(Envelope)

/** As it came; what was sealed for us beside it. */
const handedOf = ({ data }: Msg, key: OpeningKey | undefined): Handed => {
  const text = data.length > longestEvent ? "" : new TextDecoder().decode(data)
  const envelope = decode(text)
  const sealed = envelope._tag === "Some" ? envelope.value.sealed : undefined
  if (envelope._tag === "None" || sealed === undefined) return { text, opened: undefined, closed: undefined }
  const found = key === undefined ? ("no_key" as const) : openedIn(key, envelope.value.id, sealed)
  return typeof found === "string"
    ? { text, opened: undefined, closed: found }
    : { text, opened: found.json, closed: undefined }
}

export const make = Effect.fnUntraced(function* (options: Options) {
  const tuning = { ...defaults, ...options.tuning }
  const consumer = ConsumerId.make(options.consumer)
  const place = eventsFor(consumer)
  const key = options.openingKey && openingKeyOf(Redacted.value(options.openingKey))
  const connection = yield* Connection.open({
    url: options.url,
    caFile: options.caFile,
    nkeySeed: options.nkeySeed,
    inboxPrefix: inboxOf({ consumer })
  })
  const isTold = { value: false }

  const feed: RegionFeed = {
    region: options.region,

    follow: (take) =>
      Effect.gen(function* () {
        const link = yield* connection.link
        const incoming = yield* Inflow.make<Msg>()
        const handle = Effect.gen(function* () {
          const message = yield* incoming.take
          yield* take(handedOf(message, key))
          isTold.value = false
          // heard by the server: unheard, it comes again, and nothing behind it before
          yield* Connection.ask(() => link.nc.request(message.reply ?? "", "+ACK", { timeout: tuning.request }))
        }).pipe(Effect.forever)
        return yield* Effect.raceFirst(pull(connection, link, place, tuning, incoming.put), handle)
      }).pipe(
        Effect.tapError((error) => {
          if (isTold.value) return Effect.void
          isTold.value = true
          const reason = error._tag === "PullEnded" ? error.reason : String(error.cause)
          return Effect.logWarning("a region's events cannot be read; they wait there", {
            region: options.region,
            reason
          })
        }),
        Effect.retry(again),
        Effect.orDie
      ),

    left: Effect.gen(function* () {
      const { nc } = yield* connection.link
      const info = yield* findConsumer(yield* managerOf(nc, tuning), place)
      return info && { events: info.num_pending + info.num_ack_pending }
    }).pipe(
      Effect.timeout("3 seconds"),
      Effect.orElseSucceed(() => undefined)
    )
  }
  return feed
})
