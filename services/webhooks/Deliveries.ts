import { Clock, Context, Effect, Layer, Queue, Schema } from "effect"
import { uuidV7 } from "#domain/Identifiers.ts"
import type { DeliveryId, EndpointId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { Caller } from "../runtime/Caller.ts"
import * as Requests from "../runtime/Requests.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { ViewsUnavailable } from "../views/Views.ts"
import * as Attempts from "./Attempts.ts"
import type { Attempt, Delivery } from "./Delivery.ts"
import * as DeliveryRows from "./DeliveryRows.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import { EndpointUnknown } from "./Endpoints.ts"

export class DeliveryUnknown extends Schema.TaggedError<DeliveryUnknown>()("DeliveryUnknown", {}) {}

/** What goes to endpoints and targets, and what has become of it. */
export class Deliveries extends Context.Service<
  Deliveries,
  {
    readonly rows: DeliveryRows.DeliveryRows
    /** Of whoever delivers here: each is told that something may be due. */
    readonly wakes: Set<Queue.Queue<void>>

    readonly list: (
      filter: DeliveryRows.DeliveryFilter
    ) => Effect.Effect<ReadonlyArray<DeliveryRows.ListedDelivery>, Unavailable>

    readonly find: (id: DeliveryId) => Effect.Effect<Delivery, DeliveryUnknown | Unavailable>

    /**
     * Tries one that arrived, or was given up, again under its id; one that waits for a further attempt is attempted at once,
     * if it was not since it was first asked for.
     */
    readonly redrive: (
      caller: Caller,
      id: DeliveryId,
      idempotencyKey: string
    ) => Effect.Effect<Delivery, DeliveryUnknown | Requests.OtherContent | Unavailable>

    /** Sends what did not happen, now; under one key with one id. Waits for the answer. */
    readonly test: (
      caller: Caller,
      endpoint: EndpointId,
      idempotencyKey: string
    ) => Effect.Effect<Attempt, EndpointUnknown | Requests.OtherContent | Unavailable>
  }
>()("homing/services/webhooks/Deliveries") {}

/** When a UUIDv7 was made. */
const millisOf = (uuid: string) => Number.parseInt(uuid.replaceAll("-", "").slice(0, 12), 16)

/** A request's own time is longer. */
const testMillis = 8_000

export const layer = Layer.effect(
  Deliveries,
  Effect.gen(function* () {
    const attempts = yield* Attempts.make()
    const crypto = yield* Crypto
    const registry = yield* EndpointRegistry
    const requests = yield* Requests.Requests
    const rows = yield* DeliveryRows.make
    const wakes = new Set<Queue.Queue<void>>()

    const orUnavailable = <A, R>(effect: Effect.Effect<A, unknown, R>) =>
      Effect.mapError(effect, (cause) => new ViewsUnavailable({ cause }))
    const found = Effect.fnUntraced(function* (id: DeliveryId) {
      return (yield* orUnavailable(rows.find(id))) ?? (yield* new DeliveryUnknown({}))
    })
    const fresh = Effect.map(Clock.currentTimeMillis, (now) => uuidV7(crypto, now))

    return {
      rows,
      wakes,
      list: (filter) => orUnavailable(rows.list(filter)),
      find: found,

      redrive: Effect.fnUntraced(function* (caller, id, key) {
        yield* found(id)
        const asked = { what: `redrive of ${id}`, key, asked: {}, fresh: yield* fresh }
        const first = millisOf(yield* requests.accept(caller, asked))
        const now = yield* Clock.currentTimeMillis
        const last = (yield* found(id)).attempts.at(-1)
        const attempted = last === undefined ? first : toMillis(last.at)
        // also of a repeat: who asked first may have ended before it was done
        if (attempted <= first || attempted > now) yield* orUnavailable(rows.redrive(id, now, first))
        yield* Effect.forEach(wakes, (wake) => Queue.offer(wake, undefined), { discard: true })
        return yield* found(id)
      }),

      test: Effect.fnUntraced(function* (caller, id, key) {
        const endpoint = registry.get(id) ?? (yield* new EndpointUnknown({}))
        const asked = { what: `test of ${id}`, key, asked: {}, fresh: yield* fresh }
        const { attempt } = yield* attempts.test(endpoint, yield* requests.accept(caller, asked), testMillis)
        return attempt
      })
    }
  })
).pipe(Layer.provide(Requests.layer))
