import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually, folder } from "./Homing.ts"
import { type Simulator, scan, simulator, started } from "./Process.ts"

const own = "15550100001"
const friend = "15550100002"
const other = "15550100003"
const apiKey = "a key for these tests"

interface Seen {
  readonly kind: string
  readonly at: string
  readonly [member: string]: unknown
}
const seen = ({ control }: Simulator, ...kinds: ReadonlyArray<string>) =>
  Effect.map(control("record"), ({ observations }) =>
    (observations as ReadonlyArray<Seen>).filter(({ kind }) => kinds.includes(kind))
  )
/** Receipts of reading, as the simulated server got them. */
const reads = (whatsapp: Simulator) =>
  Effect.map(seen(whatsapp, "client-receipt"), (found) => found.filter(({ detail }) => detail === "read"))

/** A gateway with a device that is linked to a simulated WhatsApp. */
const linked = Effect.fnUntraced(function* (env: Readonly<Record<string, string>> = {}) {
  const cwd = yield* folder
  const whatsapp = yield* simulator(cwd)
  const options = { cwd, env: { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, API_KEY: apiKey, ...env } }
  const begin = (more: Readonly<Record<string, string>> = {}) =>
    started({ ...options, env: { ...options.env, ...more } }, apiKey)
  const gateway = yield* begin()
  const { body } = yield* eventually(gateway.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
  const device: string = body.items[0].id
  yield* scan(gateway, whatsapp, device, own)
  const say = (from: string, words: string, more: object = {}) =>
    Effect.map(
      whatsapp.control("incoming", { from, to: own, text: words, ...more }),
      ({ waMessageId }) => waMessageId as string
    )
  return { begin, device, gateway, say, whatsapp }
})
type Call = ReturnType<typeof callerOf>

/** The fact with this id of WhatsApp's, once it is listed. */
const factOf = (call: Call, waMessageId: string) =>
  Effect.map(
    eventually(call("GET", "/v1/inbound"), ({ body }) =>
      body.items?.some((fact: { waMessageId: string }) => fact.waMessageId === waMessageId)
    ),
    ({ body }) => body.items.find((fact: { waMessageId: string }) => fact.waMessageId === waMessageId)
  )

describe("a reply", () => {
  it.live(
    "shows its recipient what it replies to, of their chat with this device alone, after somebody was seen writing",
    () =>
      Effect.gen(function* () {
        const { device, gateway, say, whatsapp } = yield* linked({ TYPING_DELAY_MS: "300" })
        const { call } = gateway
        const asked = yield* factOf(call, yield* say(friend, "when do you open?"))
        const elsewhere = yield* factOf(call, yield* say(other, "and I?"))
        const reaction = yield* factOf(call, yield* say(friend, "👍", { kind: "reaction", of: asked.waMessageId }))
        const { body: made } = yield* call("POST", "/v1/clients", { name: "bot", scopes: ["messages:send"] })
        const bot = callerOf(gateway.url, made.key.secret)
        const send = (replyTo: string, words: string, key: string, caller = bot) =>
          caller(
            "POST",
            "/v1/messages",
            {
              device,
              to: `+${friend}`,
              content: { type: "text", text: words },
              replyTo,
              confirm: { until: "delivered", timeoutMs: 30_000 }
            },
            { "idempotency-key": key }
          )
        const first = yield* send(asked.id, "at nine", "one")
        assert.deepInclude(first.body, { replyTo: asked.id })
        const second = yield* send(first.body.id, "or later", "two")
        assert.strictEqual(second.status, 201)

        const delivered = yield* seen(whatsapp, "delivered")
        const quotes = delivered.map(({ quotes, text }) => [text, quotes])
        assert.deepStrictEqual(quotes, [
          [
            "at nine",
            {
              waMessageId: asked.waMessageId,
              participant: `${asked.sender.lid}@lid`,
              content: { conversation: "when do you open?" }
            }
          ],
          [
            "or later",
            {
              waMessageId: first.body.waMessageId,
              participant: `${own}@s.whatsapp.net`,
              content: { conversation: "at nine" }
            }
          ]
        ])

        // the same once more sends nothing, and another quote under its key is other content
        assert.deepStrictEqual((yield* send(asked.id, "at nine", "one")).body.id, first.body.id)
        assert.strictEqual((yield* send(first.body.id, "at nine", "one")).body.code, "idempotency_conflict")
        assert.strictEqual((yield* send(elsewhere.id, "no", "three")).body.code, "reply_in_another_chat")
        assert.strictEqual((yield* send(device, "no", "four")).body.code, "reply_target_not_found")
        assert.strictEqual((yield* send(first.body.id, "no", "five", call)).body.code, "reply_target_not_found")
        if (reaction.kind === "reaction") {
          assert.strictEqual((yield* send(reaction.id, "no", "six")).body.code, "reply_target_not_found")
        }
        // before each of them somebody was seen writing, as long as is set
        const shown = (yield* seen(whatsapp, "presence", "message")).filter(({ contact }) => contact === friend)
        assert.deepStrictEqual(
          shown.map(({ detail, kind }) => detail ?? kind),
          ["composing", "message", "composing", "message"]
        )
        const [writing, message] = shown.map(({ at }) => Date.parse(at))
        assert.isAtLeast(message! - writing!, 290)
      })
  )
})

describe("what was heard", () => {
  it.live(
    "is marked as read when that is asked for, also if the process dies before WhatsApp answers, or by itself",
    () =>
      Effect.gen(function* () {
        const { begin, device, gateway, say, whatsapp } = yield* linked()
        const fact = yield* factOf(gateway.call, yield* say(friend, "hello"))
        yield* whatsapp.control("faults", { acknowledgesReading: false })
        const path = `/v1/inbound/${fact.id}/read`
        const { body, status } = yield* gateway.call("POST", path)
        assert.deepStrictEqual([status, body.id, body.device], [202, fact.id, device])
        yield* eventually(reads(whatsapp), (found) => found.length === 1)
        yield* gateway.process.end("SIGKILL")
        yield* whatsapp.control("faults", { acknowledgesReading: true })

        const away = yield* say(friend, "while it was away")
        const { call } = yield* begin({ AUTO_READ_RECEIPT: "on" })
        const answered = yield* eventually(call("POST", path), ({ status }) => status === 200)
        assert.isString(answered.body.reading.markedAt)
        const told = (yield* reads(whatsapp)).filter(({ waMessageId }) => waMessageId === fact.waMessageId)
        assert.isAtLeast(told.length, 2)
        for (const receipt of told) {
          assert.deepInclude(receipt, { account: own, contact: friend })
        }
        const types = "types=homing.inbound.read_requested.v1,homing.inbound.read_marked.v1"
        const { body: events } = yield* call("GET", `/v1/events?${types}`)
        const ofIt = events.items.filter(({ subject }: { readonly subject: string }) => subject === fact.id)
        const [requested, marked, ...more] = ofIt
        assert.deepStrictEqual(more, [])
        assert.deepStrictEqual(requested.data, { id: fact.id, device })
        assert.strictEqual(marked.subject, fact.id)
        assert.strictEqual((yield* call("GET", `/v1/inbound/${fact.id}`)).body.reading.markedAt, marked.time)

        const mine = yield* factOf(call, yield* say(own, "from my phone", { chat: friend }))
        assert.strictEqual((yield* call("POST", `/v1/inbound/${mine.id}/read`)).body.code, "not_for_reading")
        assert.strictEqual((yield* call("POST", `/v1/inbound/${device}/read`)).body.code, "inbound_not_found")

        // by itself from now on, where somebody else has spoken
        for (const id of [away, yield* say(friend, "and now")]) {
          const heard = yield* factOf(call, id)
          yield* eventually(call("GET", `/v1/inbound/${heard.id}`), ({ body }) => body.reading?.markedAt !== undefined)
        }
        assert.notProperty((yield* call("GET", `/v1/inbound/${mine.id}`)).body, "reading")
      })
  )
})
