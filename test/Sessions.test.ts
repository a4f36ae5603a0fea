import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Archive } from "#domain/ports/Archive.ts"
import { Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"
import * as Files from "#infra/archive/Files.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { callerOf, eventually, folder, gatewayOptions, type Homing, life, start } from "./Homing.ts"
import { post, signed } from "./MetaFixture.ts"

const sources = {
  wasender: { secret: "what it shows", previous: "what it showed" },
  shown: { secret: "a secret quokka", header: "X-Hub-Signature-256" },
  other: { hmac: "with which it signs", header: "x-other-signature", session: "for.device", id: "ref", event: "what" }
}
const options = {
  ...gatewayOptions,
  meta: { forwardTimeoutMs: 3_000, rawDays: 14, sessions: Redacted.make(sources) }
}
const gateway = (path: string, archive?: string) => {
  const ports = archive === undefined ? Layer.empty : Layer.effect(Archive, Files.make({ folder: archive }))
  return start(path, AcknowledgesAtOnce.layer, { options, ports, withoutAgent: true })
}
const full = Layer.effect(
  Blobs,
  Effect.map(Blobs, (blobs) => ({
    ...blobs,
    put: () => Effect.fail(new BlobsUnavailable({ cause: new Error("simulated") }))
  }))
)

const at = (source: string) => `/webhooks/sessions/${source}`
const shared = (secret = sources.wasender.secret) => ({
  "x-webhook-signature": secret,
  "x-hub-signature-256": undefined
})
const upsert = (id: string, text: string, from = "16505551234@s.whatsapp.net") => ({
  event: "messages.upsert",
  sessionId: "main-7",
  timestamp: 1_749_416_383,
  data: { messages: { key: { id, fromMe: false, remoteJid: from }, message: { conversation: text } } }
})
const tell = (url: string, payload: object, headers = shared()) =>
  Effect.map(post(url, JSON.stringify(payload), headers, at("wasender")), ({ status, text }) => `${status} ${text}`)

// biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it fails an assertion
type Told = { readonly type: string; readonly source: string; readonly data: any }
const told = ({ call }: Pick<Homing, "call">) =>
  Effect.map(call("GET", "/v1/events?limit=500"), ({ body }) => body.items as ReadonlyArray<Told>)
const atLeast = (homing: Homing, n: number) => eventually(told(homing), (all) => all.length >= n)

describe("a gateway that speaks for sessions", () => {
  it.live("is believed with its secret, and is told of once, by its own id", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const heardAt = Effect.map(homing.call("GET", "/metrics"), ({ body }) => {
        const of = (source: string) =>
          Number(
            new RegExp(`^homing_session_heard_timestamp_seconds\\{source="${source}"\\} (\\S+)$`, "m").exec(
              body.text
            )![1]
          )
        return [of("wasender"), of("other")] as const
      })
      yield* tell(homing.url, upsert("A", "a stranger's"), shared("not its secret"))
      assert.deepStrictEqual(yield* heardAt, [0, 0])
      assert.strictEqual(yield* tell(homing.url, upsert("A", "hello")), '200 {"ok":true}')
      const [wasender, other] = yield* heardAt
      assert.isBelow(Math.abs(Date.now() / 1_000 - wasender), 300)
      assert.strictEqual(other, 0)
      assert.strictEqual(yield* tell(homing.url, { ...upsert("A", "hello") }), '200 {"ok":true}')
      // the same told again in other bytes
      const again = JSON.stringify(upsert("A", "hello"), undefined, 1)
      assert.strictEqual((yield* post(homing.url, again, shared("what it showed"), at("wasender"))).status, 200)
      yield* tell(homing.url, upsert("B", "and you?"))
      const all = yield* atLeast(homing, 2)
      yield* Effect.sleep("500 millis")
      assert.lengthOf(yield* told(homing), 2)
      const [first] = all
      assert.deepInclude(first, { type: "homing.session.received.v1", source: "/sessions/wasender" })
      assert.deepInclude(first!.data, {
        source: "wasender",
        session: "main-7",
        event: "messages.upsert",
        payload: upsert("A", "hello"),
        sentAt: "2025-06-08T20:59:43.000Z"
      })
      assert.strictEqual(first!.data.person.phone, "+16505551234")
      const asked = { name: "counter", scopes: ["events:read"] }
      const { body: client } = yield* homing.call("POST", "/v1/clients", asked)
      const { body: seen } = yield* callerOf(homing.url, client.key.secret)("GET", "/v1/events?limit=500")
      assert.deepStrictEqual(seen.items, [])
    })
  )

  it.live("that is somebody else, or says nothing of use, is refused", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const good = upsert("A", "hello")
      assert.match(yield* tell(homing.url, good, shared("what it shows.")), /^401 /)
      assert.match(yield* tell(homing.url, good, { ...shared(""), "x-webhook-signature": undefined as never }), /^401 /)
      assert.match(yield* tell(homing.url, { event: "x" }), /^422 .*session_missing/)
      assert.match(yield* tell(homing.url, [] as never), /^400 /)
      assert.strictEqual((yield* post(homing.url, "{}", shared(), at("nobody"))).status, 404)
      const { status, headers } = yield* Effect.promise(() => fetch(`${homing.url}${at("wasender")}`))
      assert.deepStrictEqual([status, headers.get("allow")], [405, "POST"])
      const body = JSON.stringify({ what: "said", for: { device: "d1" }, ref: 12345678901234567890n.toString() })
      const by = (key: string) => ({ "x-hub-signature-256": undefined, "x-other-signature": signed(body, key) })
      assert.strictEqual((yield* post(homing.url, body, by("somebody"), at("other"))).status, 401)
      assert.strictEqual((yield* post(homing.url, `${body} `, by(sources.other.hmac), at("other"))).status, 401)
      assert.strictEqual((yield* post(homing.url, body, by(sources.other.hmac), at("other"))).status, 200)
      const [one] = yield* atLeast(homing, 1)
      assert.deepInclude(one!.data, { source: "other", session: "d1", event: "said" })
    })
  )

  it.live("tells each thing of a list, each state of one, and what contradicts; all of it is archived", () =>
    Effect.gen(function* () {
      const archive = yield* folder
      const homing = yield* gateway(yield* folder, archive)
      const { data, ...around } = upsert("", "")
      const list = ["A", "B"].map((id) => upsert(id, `said ${id}`).data.messages)
      yield* tell(homing.url, { ...around, data: { messages: list } })
      const update = (status: string) => ({
        event: "messages.update",
        sessionId: "main-7",
        data: { key: { id: "C" }, update: { status } }
      })
      yield* tell(homing.url, update("delivered"))
      yield* tell(homing.url, update("read"))
      yield* tell(homing.url, upsert("A", "something else"))
      const all = yield* atLeast(homing, 5)
      assert.deepStrictEqual(
        all.map(({ data }) => data.conflicting ?? false),
        [false, false, false, false, true]
      )
      assert.deepStrictEqual(all[1]!.data.payload.data.messages, [list[1]])
      const lines = Effect.sync(() =>
        readdirSync(archive)
          .filter((name) => name.endsWith(".ndjson"))
          .flatMap((name) => readFileSync(join(archive, name), "utf8").trim().split("\n"))
          .map((line) => JSON.parse(line))
          .filter(({ kind }) => kind === "request")
      )
      const quokka = { "x-hub-signature-256": sources.shown.secret }
      assert.strictEqual((yield* post(homing.url, '{"session":"s"}', quokka, at("shown"))).status, 200)
      const archived = yield* eventually(lines, (found) => found.length >= 5)
      assert.notInclude(JSON.stringify(archived), "quokka")
      assert.deepStrictEqual(
        [...new Set(archived.map(({ app, source }) => `${source} ${app}`))],
        ["session wasender", "session shown"]
      )
    })
  )

  it.live("is told from where it was after a start, and long things whole", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const first = yield* life
      const before = yield* first.during(gateway(path))
      yield* tell(before.url, upsert("A", "hello"))
      yield* first.end
      const homing = yield* gateway(path)
      yield* tell(homing.url, upsert("L", "ü".repeat(250_000)))
      yield* tell(homing.url, upsert("A", "hello"))
      const all = yield* atLeast(homing, 2)
      assert.deepStrictEqual(
        all.map(({ data }) => data.payload.data.messages.message.conversation.length),
        [5, 250_000]
      )
    })
  )

  it.live("that cannot be kept now is not said to be Meta's, which would send it again", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const log = (line: string) => lines.push(line)
      const composition = { options, ports: full, withoutAgent: true, log }
      const homing = yield* start(yield* folder, AcknowledgesAtOnce.layer, composition)
      assert.match(yield* tell(homing.url, upsert("A", "hello")), /^503 /)
      const said = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes("cannot be kept"))
      assert.deepStrictEqual(
        said.map(({ reason, source }) => [reason, source]),
        [["blobs", "wasender"]]
      )
      assert.notInclude(said[0].msg, "Meta")
    })
  )
})
