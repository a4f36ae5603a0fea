import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { ask, at, device, documentOf, gateway, isProblem, message } from "../testing/GatewayFixture.ts"
import { DeviceUnknown, DeviceUnpaired, OtherContent, QueueFull, type SendRequest, type Sent } from "./Messages.ts"

const asked: Array<SendRequest> = []
let answer: Effect.Effect<
  Partial<Sent>,
  DeviceUnknown | DeviceUnpaired | OtherContent | QueueFull | EventStoreUnavailable
>
const settled = { repeated: false, answered: true }
const known = documentOf({ ...message, to: { kind: "phone", address: message.to }, tags: {} } as never)

const app = gateway({
  messages: {
    send: (_, request) => {
      asked.push(request)
      return Effect.map(answer, (sent) => ({ document: documentOf(request), ...settled, ...sent }))
    }
  }
})

layer(app, { excludeTestServices: true })("POST /v1/messages", (it) => {
  const send = (body: unknown = message, headers: Record<string, string> = { "idempotency-key": "k-1" }) =>
    ask("POST", "/v1/messages", { body, headers })
  const answering = (next: typeof answer) => {
    answer = next
    asked.length = 0
  }

  describe("sending", () => {
    it.effect("answers 201, 202 and 200 as the message stands, and says where it is", () =>
      Effect.gen(function* () {
        const statuses = []
        for (const sent of [settled, { answered: false }, { repeated: true }, { repeated: true, answered: false }]) {
          answering(Effect.succeed(sent))
          const { headers, status } = yield* send()
          statuses.push([status, headers.get("location")])
        }
        const location = `/v1/messages/${known.id}`
        assert.deepStrictEqual(statuses, [
          [201, location],
          [202, location],
          [200, null],
          [202, location]
        ])
      })
    )

    it.effect("passes on what was asked, with the defaults filled in", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        const { json } = yield* send()
        assert.deepStrictEqual(asked, [
          {
            idempotencyKey: "k-1",
            device,
            to: { kind: "phone", address: "+60123456789" },
            content: { type: "text", text: "hello" },
            confirm: { until: "sent", timeoutMs: 10_000 },
            expiresInSeconds: 86_400,
            tags: {}
          }
        ] as never)
        assert.deepStrictEqual(json, {
          id: known.id,
          status: "sent",
          device,
          to: "+60123456789",
          content: { type: "text", text: "hello" },
          waMessageId: known.waMessageId,
          tags: {},
          createdAt: at,
          updatedAt: at,
          expiresAt: at
        })
      })
    )

    it.effect("understands numbers as people write them", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        for (const to of ["012-345 6789", "+60 12-345 6789", "0060123456789"]) yield* send({ ...message, to })
        assert.deepStrictEqual(
          asked.map(({ to }) => to.address as string),
          Array(3).fill("+60123456789")
        )
      })
    )

    it.effect("tells why a message failed", () =>
      Effect.gen(function* () {
        const failed = { ...known, status: "failed", errorCode: "recipient_not_on_whatsapp" } as const
        answering(Effect.succeed({ document: failed }))
        const { json, status } = yield* send()
        assert.strictEqual(status, 201)
        assert.strictEqual(json.error.code, "recipient_not_on_whatsapp")
        assert.match(json.error.detail, /no account/)
      })
    )

    it.effect("keeps every limit it states", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, "v"]))
        const good = [
          { confirm: { timeoutMs: 0 } },
          { confirm: { timeoutMs: 60_000, until: "read" } },
          { confirm: {} },
          { expiresInSeconds: 1 },
          { expiresInSeconds: 604_800 },
          { tags: tags(16) },
          { tags: { [`a${"b".repeat(63)}`]: "v".repeat(256) } },
          { content: { type: "text", text: "x".repeat(65_536) } }
        ]
        for (const more of good)
          assert.strictEqual((yield* send({ ...message, ...more })).status, 201, JSON.stringify(more).slice(0, 80))
        assert.strictEqual(asked[0]?.confirm.timeoutMs, 0)

        const bad: ReadonlyArray<[object, string]> = [
          [{ confirm: { timeoutMs: -1 } }, "/confirm/timeoutMs"],
          [{ confirm: { timeoutMs: 60_001 } }, "/confirm/timeoutMs"],
          [{ confirm: { timeoutMs: 1.5 } }, "/confirm/timeoutMs"],
          [{ confirm: { timeoutMs: "1" } }, "/confirm/timeoutMs"],
          [{ confirm: { until: "played" } }, "/confirm/until"],
          [{ expiresInSeconds: 0 }, "/expiresInSeconds"],
          [{ expiresInSeconds: 604_801 }, "/expiresInSeconds"],
          [{ tags: tags(17) }, "/tags"],
          [{ tags: { "a b": "v" } }, "/tags"],
          [{ tags: { __proto__x: "v" } }, "/tags"],
          [{ tags: { a: 1 } }, "/tags"],
          [{ tags: { a: "v".repeat(257) } }, "/tags"],
          [{ content: { type: "text", text: "" } }, "/content/text"],
          [{ content: { type: "text", text: "x".repeat(65_537) } }, "/content/text"],
          [{ content: { type: "text", text: "\ud800" } }, "/content/text"],
          [{ content: { type: "video" } }, "/content/type"],
          [{ device: undefined }, "/device"],
          [{ to: 60123456789 }, "/to"]
        ]
        asked.length = 0
        for (const [more, pointer] of bad) {
          const refused = yield* send({ ...message, ...more })
          isProblem(refused, "invalid_request")
          assert.strictEqual(refused.json.errors[0].pointer, pointer)
          assert.strictEqual(refused.json.errors[0].in, "body")
        }
        assert.deepStrictEqual(asked, [])
      })
    )

    it.effect("refuses members it does not know, wherever they stand, and does not repeat them", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        const known = "device, to, content, replyTo, confirm, expiresInSeconds, tags"
        const cases: ReadonlyArray<[object, string, string]> = [
          [{ "+60123456789": 1, "+60123456780": 2 }, "", known],
          [{ confirm: { untill: "read" } }, "/confirm", "until, timeoutMs"],
          [{ content: { type: "text", text: "hello", caption: "x" } }, "/content", "type, text"],
          [JSON.parse('{ "__proto__": { "expiresInSeconds": 1 } }'), "", known]
        ]
        for (const [more, pointer, members] of cases) {
          const others = Object.fromEntries(Object.entries(message).filter(([name]) => !Object.hasOwn(more, name)))
          const body = `${JSON.stringify(others).slice(0, -1)},${JSON.stringify(more).slice(1)}`
          const refused = yield* send(body)
          isProblem(refused, "invalid_request")
          assert.deepStrictEqual(refused.json.errors, [{ in: "body", pointer, expected: `no members but ${members}` }])
        }
        assert.deepStrictEqual(asked, [])
      })
    )

    it.effect("names every flaw at once", () =>
      Effect.gen(function* () {
        const { json } = yield* send({ device, content: { type: "text", text: "" }, expiresInSeconds: 0 })
        const pointers = json.errors.map(({ pointer }: { readonly pointer: string }) => pointer)
        assert.sameMembers(pointers, ["/to", "/content/text", "/expiresInSeconds"])
      })
    )

    it.effect("refuses a number that cannot be, and never repeats it", () =>
      Effect.gen(function* () {
        for (const to of ["+6012", "nobody", "+6012345678901234", "12", "", "+60123456789 ext. 5", "+60123456789;x"]) {
          const refused = yield* send({ ...message, to })
          isProblem(refused, "invalid_number")
          if (to !== "") assert.notInclude(refused.text, to)
        }
      })
    )

    it.effect("says what stands against a message", () =>
      Effect.gen(function* () {
        answering(Effect.fail(new DeviceUnknown()))
        isProblem(yield* send(), "device_not_found")
        isProblem(yield* send({ ...message, device: "no-id-at-all" }), "device_not_found")
        answering(Effect.fail(new DeviceUnpaired()))
        isProblem(yield* send(), "device_not_paired")
        answering(Effect.fail(new OtherContent({ message: known.id })))
        isProblem(yield* send(), "idempotency_conflict")
        answering(Effect.fail(new QueueFull({ retryAfterSeconds: 7 })))
        const full = yield* send()
        isProblem(full, "queue_full")
        assert.strictEqual(full.headers.get("retry-after"), "7")
        answering(Effect.fail(new EventStoreUnavailable({ written: "unknown", cause: new Error("disk gone") })))
        const down = yield* send()
        isProblem(down, "store_unavailable")
        assert.notInclude(down.text, "disk gone")
        answering(Effect.die(new Error("a bug in here")))
        const bug = yield* send()
        isProblem(bug, "internal")
        assert.match(bug.json.id, /^[0-9a-f-]{36}$/)
        assert.notInclude(bug.text, "bug")
      })
    )
  })

  it.effect("counts what was told, by status", () =>
    Effect.gen(function* () {
      answering(Effect.succeed({ document: { ...known, status: "expired" } }))
      yield* send()
      assert.match((yield* ask("GET", "/metrics")).text, /homing_sends_total\{status="expired"\} 1/)
    })
  )

  describe("the idempotency key", () => {
    it.effect("comes back as it was sent", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        for (const key of ["!", "~".repeat(255), "+60123456789"]) {
          const { headers } = yield* send(message, { "idempotency-key": key })
          assert.strictEqual(headers.get("idempotency-key"), key)
          assert.isNull(headers.get("idempotency-warning"))
          assert.strictEqual(asked.at(-1)?.idempotencyKey, key)
        }
      })
    )

    it.effect("is made when there is none: told in answers and problems, with a warning", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        const sent = yield* send(message, {})
        const key = sent.headers.get("idempotency-key")
        assert.match(key ?? "", /^[0-9a-f-]{36}$/)
        assert.strictEqual(asked[0]?.idempotencyKey, key)
        assert.match(sent.headers.get("idempotency-warning") ?? "", /no key was sent/)

        const failures = [
          Effect.fail(new QueueFull({ retryAfterSeconds: 1 })),
          Effect.fail(new EventStoreUnavailable({ written: "unknown", cause: "x" })),
          Effect.die("x")
        ]
        for (const failure of failures) {
          answering(failure)
          const refused = yield* send(message, {})
          assert.strictEqual(refused.json.idempotencyKey, refused.headers.get("idempotency-key"))
          assert.strictEqual(refused.json.idempotencyKey, asked[0]?.idempotencyKey)
        }
        answering(Effect.fail(new DeviceUnpaired()))
        const named = yield* send()
        assert.strictEqual(named.headers.get("idempotency-key"), "k-1")
        assert.notProperty(named.json, "idempotencyKey")
      })
    )

    it.effect("has 1 to 255 visible ASCII characters, or is a string that ends", () =>
      Effect.gen(function* () {
        answering(Effect.succeed(settled))
        const strings = [
          '""',
          '"',
          '"abc',
          '"a"b"',
          '"abc";v=1',
          '"a", "a"',
          "a, a",
          '"\\x"',
          '"\\"',
          `"${"x".repeat(256)}"`
        ]
        for (const key of ["", " ", "a b", "x".repeat(256), "caf\u00e9", ...strings]) {
          const refused = yield* send(message, { "idempotency-key": key })
          isProblem(refused, "invalid_request")
          assert.deepInclude(refused.json.errors[0], { in: "header", pointer: "/idempotency-key" })
        }
        assert.deepStrictEqual(asked, [])
      })
    )
  })
})
