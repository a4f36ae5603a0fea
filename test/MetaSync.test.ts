import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { allowancesOf } from "#services/layers/Allowances.ts"
import { scanner } from "./Canaries.ts"
import { folder, start } from "./Homing.ts"
import { changed, contact, message, optionsOf, post, signed } from "./MetaFixture.ts"

interface Arrival {
  readonly headers: IncomingMessage["headers"]
  readonly bytes: Buffer
}

/** A destination: it keeps what arrives, also what it answers badly; a status that is absent never comes. */
const destination = (answer: () => number | undefined = () => 200) =>
  Effect.gen(function* () {
    const arrivals: Array<Arrival> = []
    const server = createServer(async (request, response) => {
      const chunks: Array<Buffer> = []
      for await (const chunk of request) chunks.push(chunk)
      arrivals.push({ headers: request.headers, bytes: Buffer.concat(chunks) })
      const status = answer()
      if (status !== undefined) response.writeHead(status, { location: "http://127.0.0.1:9/" }).end()
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    return { arrivals, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/inbox` }
  })

const ports = (allow = "loopback") => NodeHttpOutbound.layer({ allow: allowancesOf(allow) ?? [] })

const gateway = Effect.fnUntraced(function* (options: Parameters<typeof optionsOf>[0], allow?: string) {
  const lines: Array<string> = []
  const path = yield* folder
  const composition = { options: optionsOf(options), ports: ports(allow), withoutAgent: true }
  const { call, url } = yield* start(path, AcknowledgesAtOnce.layer, {
    ...composition,
    log: (line) => lines.push(line)
  })
  return { call, lines, path, url }
})

const map = (routes: object) => Redacted.make(JSON.stringify(routes))
const of = (field: string) => JSON.stringify(changed({ messages: [message("A", "hello")] }, field))
const several = (...fields: ReadonlyArray<string>) =>
  JSON.stringify({
    object: "whatsapp_business_account",
    entry: fields.map((field) => changed({}, field).entry[0])
  })
const unavailable = [502, '{"error":"downstream_unavailable"}']
const taken = [200, '{"ok":true}']

describe("what is handed on while Meta waits", () => {
  it.live("arrives as it came, with the headers that say from whom", () =>
    Effect.gen(function* () {
      const { arrivals, url: to } = yield* destination()
      const { url } = yield* gateway({
        destinationUrl: Redacted.make(to),
        destinationName: "agents",
        sharedSecret: Redacted.make("between us")
      })
      const bytes = Buffer.from(`\uFEFF${of("messages")}\r\n`)
      bytes[bytes.length - 20] = 0xff // also what is no UTF-8 is not mended
      const { status, text } = yield* post(url, bytes)
      assert.deepStrictEqual([status, text], taken)
      assert.lengthOf(arrivals, 1)
      assert.isTrue(arrivals[0]!.bytes.equals(bytes))
      assert.deepInclude(arrivals[0]!.headers, {
        "content-type": "application/json",
        "x-source": "p2e-inferno-gateway",
        "x-destination-name": "agents",
        "x-gateway-secret": "between us",
        "x-meta-signature-256": signed(bytes)
      })
    })
  )

  it.live("is taken only when every destination took it, and each was asked", () =>
    Effect.gen(function* () {
      const good = yield* destination(() => 204)
      const bad = yield* destination(() => 500)
      const moved = yield* destination(() => 302)
      const silent = yield* destination(() => undefined)
      const to = ({ url }: { url: string }, name: string) => ({ name, url })
      const { lines, url } = yield* gateway({
        destinationUrl: Redacted.make(good.url),
        routeMap: map({
          messages: [to(good, "good"), to(bad, "bad")],
          calls: [to(moved, "moved"), to(good, "good")],
          security: [to(silent, "silent"), to(good, "good")],
          history: [to(good, "good")]
        }),
        forwardTimeoutMs: 3_000 // long for whoever answers, on a busy machine too
      })
      for (const [field, count] of [
        ["messages", 1],
        ["calls", 2],
        ["security", 3]
      ] as const) {
        const { status, text } = yield* post(url, of(field))
        assert.deepStrictEqual([status, text], unavailable, field)
        assert.lengthOf(good.arrivals, count)
      }
      assert.deepStrictEqual([bad.arrivals.length, moved.arrivals.length, silent.arrivals.length], [1, 1, 1])
      assert.strictEqual((yield* post(url, of("history"))).status, 200)
      for (const name of ["bad", "moved", "silent"])
        assert.isTrue(
          lines.some((line) => line.includes(name)),
          name
        )
    })
  )

  it.live("goes where its fields lead, to each name once, and to the default when none leads anywhere", () =>
    Effect.gen(function* () {
      const [one, two, other] = [yield* destination(), yield* destination(), yield* destination()]
      const { url } = yield* gateway({
        destinationUrl: Redacted.make(other.url),
        sharedSecret: Redacted.make("of the default"),
        routeMap: map({
          messages: [
            { name: "a", url: one.url, secret: "of a" },
            { name: "b", url: two.url },
            "nonsense",
            { name: "c" }
          ],
          calls: [{ name: "a", url: one.url, secret: "of a" }],
          history: "nonsense",
          security: [{ url: two.url }]
        })
      })
      const counts = () => [one, two, other].map(({ arrivals }) => arrivals.length)
      yield* post(url, several("messages", "calls", "unheard_of"))
      assert.deepStrictEqual(counts(), [1, 1, 0])
      yield* post(url, several("calls"))
      assert.deepStrictEqual(counts(), [2, 1, 0])
      yield* post(url, several("unheard_of", "history"))
      yield* post(url, '{"object":"whatsapp_business_account"}')
      assert.deepStrictEqual(counts(), [2, 1, 2])
      yield* post(url, several("security"))
      assert.strictEqual(two.arrivals.at(-1)!.headers["x-destination-name"], two.url)
      assert.strictEqual(one.arrivals[0]!.headers["x-gateway-secret"], "of a")
      assert.isUndefined(two.arrivals[0]!.headers["x-gateway-secret"])
      assert.strictEqual(other.arrivals[0]!.headers["x-gateway-secret"], "of the default")
    })
  )

  it.live("goes to the default where the map is broken, which is told once", () =>
    Effect.gen(function* () {
      const { arrivals, url: to } = yield* destination()
      const { lines, url } = yield* gateway({
        destinationUrl: Redacted.make(to),
        routeMap: Redacted.make('{"messages":')
      })
      for (const field of ["messages", "calls"]) assert.strictEqual((yield* post(url, of(field))).status, 200)
      assert.lengthOf(arrivals, 2)
      assert.lengthOf(
        lines.filter((line) => line.includes("WHATSAPP_FORWARD_ROUTE_MAP is not JSON")),
        1
      )
    })
  )

  it.live("is not taken where nobody is there to take it, or where it may not lead", () =>
    Effect.gen(function* () {
      const { arrivals, url: to } = yield* destination()
      const nobody = yield* gateway({ mode: "sync" })
      const { status, text } = yield* post(nobody.url, of("messages"))
      assert.deepStrictEqual([status, text], [500, '{"error":"destination_not_configured"}'])
      const guarded = yield* gateway({ destinationUrl: Redacted.make(to), destinationName: "agents" }, "10.0.0.1")
      assert.strictEqual((yield* post(guarded.url, of("messages"))).status, 502)
      assert.lengthOf(arrivals, 0)
      const line = guarded.lines.find((one) => one.includes("nothing may be sent to a destination"))
      assert.include(line, '"destination":"agents"')
      assert.include(line, '"reason":"address"')
      assert.notInclude(line, to)
    })
  )

  const said = "the zanzibar quokka sings at noon"
  const friend = "60123987651"
  const name = "Quetzalcoatl Bilberry"
  const phoneNumberId = "106540352242922"
  const canaries = scanner({ said, friend, name, phoneNumberId, wamid: "wamid.CANARY" })

  /** Many updates, and then everything that this process left behind. */
  const leftBehind = Effect.gen(function* () {
    let count = 0
    const { arrivals, url: to } = yield* destination(() => (++count % 5 === 0 ? 500 : 200))
    const { call, lines, path, url } = yield* gateway({ destinationUrl: Redacted.make(to) })
    const many = Array.from({ length: 60 }, (_, i) =>
      JSON.stringify(changed({ contacts: [contact(friend, name)], messages: [message(`CANARY${i}`, said, friend)] }))
    )
    yield* Effect.forEach(many, (body) => post(url, body), { concurrency: 8 })
    yield* Effect.forEach(many, (body) => post(url, body, { "x-hub-signature-256": signed(`${body} `) }))
    const events = yield* call("GET", "/v1/events?limit=500")
    const metrics = yield* call("GET", "/metrics")
    const { files, findings } = canaries.inFolder(path)
    const seen = JSON.stringify([events.body, metrics.body, lines])
    return { arrivals, events: events.body.items, files, found: [...canaries.inText("seen", seen), ...findings], seen }
  })

  it.live("leaves nothing of it in any file, event, metric or line of the log", () =>
    Effect.gen(function* () {
      const { arrivals, events, files, found, seen } = yield* leftBehind
      assert.lengthOf(arrivals, 60)
      assert.lengthOf(canaries.inText("what arrived", String(arrivals[0]!.bytes)), 5) // these would be found
      assert.include(seen, "a destination did not take a webhook of Meta")
      assert.include(seen, "homing_meta_refused_total")
      assert.include(files, "log.db")
      assert.notInclude(files, "blobs.db")
      assert.deepStrictEqual(found, [])
      assert.deepStrictEqual(events, [])
    })
  )
})
