import { generateKeyPairSync } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { ConsumerId } from "#domain/Ids.ts"
import { EventBus } from "#domain/ports/EventBus.ts"
import type { EventStore } from "#domain/ports/EventStore.ts"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import * as RegionFeed from "#infra/bus/jetstream/RegionFeed.ts"
import { eventsEnd, impatient } from "#infra/bus/jetstream/testing/JetStreamFixture.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventually, folder, type Homing, start } from "./Homing.ts"
import { changed, contact, message, optionsOf, post, status } from "./MetaFixture.ts"
import { proxy } from "./proxy/Proxy.ts"
import { natsServer } from "./servers/Nats.ts"

/** Two regions, each with a log and a NATS of its own, and the home of both, which hears Meta itself as well. */

export const pepper = crypto.random(32)
export const home = ConsumerId.make("home")
export const [ana, ben] = ["5511987654321", "4915112345678"]

/** The folder of one of several gateways that derive the same ids. */
export const folderOfOne = Effect.tap(folder, (path) =>
  Effect.sync(() => {
    mkdirSync(join(path, "secrets"), { mode: 0o700 })
    writeFileSync(join(path, "secrets", "pepper"), pepper, { mode: 0o600 })
  })
)

const keyPair = (kid: string) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const jwk = { ...privateKey.export({ format: "jwk" }), kid }
  const { d: _, ...open } = jwk
  return { jwk, sealingKeys: sealingKeysIn(JSON.stringify({ keys: [open] })) }
}

export const regionOf = Effect.fnUntraced(function* (name: string) {
  const nats = yield* natsServer()
  const between = yield* proxy(nats.port)
  const { jwk, sealingKeys } = keyPair(`home-${name}`)
  const bus = eventsEnd({
    url: nats.url,
    tuning: impatient,
    events: { consumers: [home], maxBytes: 16 * 1_048_576, keptMillis: 86_400_000 }
  })
  const gateway = yield* start(yield* folderOfOne, AcknowledgesAtOnce.layer, {
    options: { ...optionsOf(), region: name, announcements: { sealingKeys } },
    ports: Layer.effect(EventBus, bus),
    withoutAgent: true
  })
  const feed = RegionFeed.make({
    region: name,
    url: between.through(nats.url),
    consumer: home,
    openingKey: Redacted.make(jwk),
    tuning: impatient
  })
  return { name, gateway, nats, between, feed }
})
type Region = Effect.Success<ReturnType<typeof regionOf>>

export const homeOf = (
  path: string,
  regions: ReadonlyArray<Region>,
  store: Layer.Layer<never, never, EventStore> = Layer.empty
) =>
  start(path, AcknowledgesAtOnce.layer, {
    options: { ...optionsOf(), region: "home" },
    ports: Layer.merge(
      store,
      Layer.effect(
        RegionFeeds,
        Effect.forEach(regions, ({ feed }) => feed)
      )
    ),
    withoutAgent: true
  })

export const says = Effect.fnUntraced(function* (
  { url }: Homing,
  id: string,
  words: string,
  from = ana,
  at = 1_749_416_000
) {
  const said = { ...message(id, words, from), timestamp: String(at) }
  const answer = yield* post(url, JSON.stringify(changed({ contacts: [contact(from, "Ana")], messages: [said] })))
  assert.strictEqual(answer.status, 200)
})
export const becomes = ({ url }: Homing, id: string, of: string) =>
  post(url, JSON.stringify(changed({ statuses: [status(id, of, ana)] })))

export const asked = ({ call }: Pick<Homing, "call">, phone = ana, more = "") =>
  call("GET", `/v1/conversations?phone=${phone}${more}`)

interface Item {
  readonly regions: ReadonlyArray<string>
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it fails an assertion
  readonly data?: any
}
const wordsIn = ({ data }: Item) => data?.change.entry[0].changes[0].value.messages[0].text.body
export const linesOf = ({ body }: Effect.Success<ReturnType<typeof asked>>) =>
  (body.items as ReadonlyArray<Item>).map((item) => [wordsIn(item), ...item.regions].join(" "))

/** Every event of other regions in the log, by region and id. */
export const recordedIn = (path: string) => {
  const db = new DatabaseSync(join(path, "log.db"), { readOnly: true })
  try {
    return db
      .prepare("SELECT data FROM events WHERE type = 'region.reported.v1'")
      .all()
      .map(({ data }) => JSON.parse(data as string))
      .map(({ event, region }) => `${region} ${event}`)
  } finally {
    db.close()
  }
}
const toldBy = Effect.fnUntraced(function* ({ gateway, name }: Region) {
  const { body } = yield* gateway.call("GET", "/v1/events?limit=500")
  return (body.items as ReadonlyArray<{ readonly id: string }>).map(({ id }) => `${name} ${id}`)
})

/** The home has every event of both regions, once. */
export const agrees = Effect.fnUntraced(function* (path: string, regions: ReadonlyArray<Region>) {
  const wanted = (yield* Effect.forEach(regions, toldBy)).flat().toSorted()
  const found = yield* eventually(
    Effect.sync(() => recordedIn(path)),
    ({ length }) => length >= wanted.length
  )
  assert.deepStrictEqual(found.toSorted(), wanted)
})
