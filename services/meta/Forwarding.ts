import { Clock, Effect } from "effect"
import type { JsonObject } from "#domain/Json.ts"
import { fieldsIn, targetsOfFields } from "#domain/meta/Routing.ts"
import { remainingMillis } from "#domain/ports/Deadline.ts"
import { OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { tally } from "#domain/wire/Tally.ts"
import * as Answer from "./Answer.ts"
import { type Destination, type DestinationOptions, destinationsIn, type RouteMap } from "./RouteMap.ts"
import type { Webhook } from "./Webhook.ts"

export interface Options extends DestinationOptions {
  readonly forwardTimeoutMs: number
}

/** By which destinations know who it is from. */
export const source = "p2e-inferno-gateway"
/** For the answer to be written, when a destination took all the time there was. */
const graceMillis = 300

const isTaken = (status: number) => status >= 200 && status < 300

/** To whom: of two destinations of one name the last counts, and each name is sent to once. */
const routing = (map: RouteMap, others: ReadonlyArray<Destination>) => {
  const all = [...[...map.values()].flat(), ...others]
  const places = new Map(all.map((one, i) => [one, String(i)]))
  const placed = (some: ReadonlyArray<Destination>) => some.map((one) => places.get(one)!)
  const fields = Object.fromEntries([...map].map(([field, some]) => [field, placed(some)]))
  const routes = { fields, others: placed(others) }
  return (payload: JsonObject): ReadonlyArray<Destination> => {
    const found = targetsOfFields(routes, fieldsIn(payload)).map((place) => all[Number(place)]!)
    return [...new Map(found.map((one) => [one.name, one])).values()]
  }
}

/** Says of each destination at which nothing will ever arrive, before Meta is answered so. */
export const vet = Effect.fnUntraced(function* (options: DestinationOptions) {
  const outbound = yield* OutboundHttp
  const { map, others } = destinationsIn(options)
  for (const { label, url } of [...[...map.values()].flat(), ...others]) {
    yield* Effect.catch(outbound.vet(url), ({ reason }) =>
      Effect.logError("nothing may be sent to a destination of the environment; what leads there is answered 502", {
        destination: label,
        reason
      })
    )
  }
})

/**
 * Hands webhooks on while Meta waits, and keeps, logs and counts nothing of what they say. A 200 is the word of every
 * destination: whatever else becomes of one, Meta sends it to all of them again.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const outbound = yield* OutboundHttp
  const { isBroken, map, others } = destinationsIn(options)
  if (isBroken) {
    yield* Effect.logWarning("WHATSAPP_FORWARD_ROUTE_MAP is not JSON; all webhooks go to the default destination")
  }
  const destinationsOf = routing(map, others)
  const failures = tally({
    metric: "homing_meta_forward_failures_total",
    description: "Webhooks that a destination did not take, by its name.",
    logged: "a destination did not take a webhook of Meta; Meta sends it again",
    whose: "app"
  })

  const forward = ({ bytes, signature }: Webhook, { name, secret, url }: Destination) =>
    Effect.flatMap(remainingMillis, (left) =>
      outbound.post({
        url,
        headers: {
          "content-type": "application/json",
          "x-source": source,
          "x-destination-name": name,
          ...(secret !== undefined && { "x-gateway-secret": secret }),
          "x-meta-signature-256": signature
        },
        body: bytes,
        timeoutMs: Math.max(0, Math.min(options.forwardTimeoutMs, left - graceMillis))
      })
    ).pipe(Effect.match({ onFailure: () => false, onSuccess: ({ status }) => isTaken(status) }))

  return Effect.fnUntraced(function* (webhook: Webhook) {
    const destinations = destinationsOf(webhook.payload)
    if (destinations.length === 0) {
      yield* failures.count("no destination", webhook.app, yield* Clock.currentTimeMillis)
      return Answer.destinationNotConfigured
    }
    const took = yield* Effect.forEach(destinations, (one) => forward(webhook, one), { concurrency: "unbounded" })
    const refusing = destinations.filter((_, i) => !took[i])
    const now = yield* Clock.currentTimeMillis
    for (const { label } of refusing) yield* failures.count(label, webhook.app, now)
    return refusing.length === 0 ? Answer.taken : Answer.downstreamUnavailable
  })
})
