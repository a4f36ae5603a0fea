import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { apiKey, ask, documentOf, gateway, message, type Stubs } from "../testing/GatewayFixture.ts"

const open = (stubs: Stubs) => Layer.build(gateway(stubs))
const down = new EventStoreUnavailable({ written: "no", cause: new Error("the disk is gone") })

describe("readiness", () => {
  it.live("comes when the views have caught up; until then only the configured key is good, and no view is shown", () =>
    Effect.gen(function* () {
      const reached = yield* Deferred.make<void>()
      const services = yield* open({
        store: { head: Effect.succeed(5n) },
        views: { reached: () => Deferred.await(reached) },
        messages: { find: () => Effect.succeed(undefined) },
        devices: { list: Effect.succeed([]) }
      })
      const get = (path: string, key: string) =>
        ask("GET", path, { key }).pipe(
          Effect.map(({ json, status }) => [status, json.code]),
          Effect.provideContext(services)
        )
      const issued = `hk_0123456789abcdef_${"A".repeat(43)}`
      assert.deepStrictEqual(yield* get("/health/ready", ""), [503, "starting"])
      assert.deepStrictEqual(yield* get("/health", ""), [200, undefined])
      assert.deepStrictEqual(yield* get("/v1/devices", issued), [503, "starting"])
      const message = "/v1/messages/00000000-0000-8000-8000-000000000000"
      assert.deepStrictEqual(yield* get(message, issued), [503, "starting"])
      assert.deepStrictEqual(yield* get(message, apiKey), [404, "message_not_found"])
      assert.deepStrictEqual(yield* get("/v1/devices", apiKey), [503, "starting"])
      assert.deepStrictEqual(yield* get("/v1/devices", "nobody's"), [401, "unauthorized"])
      yield* Deferred.succeed(reached, undefined)
      yield* Effect.repeat(get("/health/ready", ""), { until: ([status]) => status === 200 })
      assert.deepStrictEqual(yield* get("/v1/devices", issued), [401, "unauthorized"])
      assert.deepStrictEqual(yield* get("/v1/devices", apiKey), [200, undefined])
    })
  )

  it.live("ends while the store is down", () =>
    Effect.gen(function* () {
      const services = yield* open({ store: { head: Effect.fail(down) } })
      const ready = yield* Effect.provideContext(ask("GET", "/health/ready", { key: "" }), services)
      assert.deepStrictEqual([ready.status, ready.json.code], [503, "store_unavailable"])
      assert.strictEqual(ready.headers.get("retry-after"), "1")
      const detailed = yield* Effect.provideContext(ask("GET", "/health/detailed"), services)
      assert.deepStrictEqual([detailed.json.status, detailed.json.store.reachable], ["degraded", false])
    })
  )

  it.live("ends while the store can be read and not written", () =>
    Effect.gen(function* () {
      const services = yield* open({ store: { appendable: Effect.fail(down) } })
      const ready = yield* Effect.provideContext(ask("GET", "/health/ready", { key: "" }), services)
      assert.deepStrictEqual([ready.status, ready.json.code], [503, "store_unavailable"])
      assert.strictEqual(ready.headers.get("retry-after"), "1")
      const { json } = yield* Effect.provideContext(ask("GET", "/health/detailed"), services)
      assert.deepStrictEqual([json.status, json.reason, json.store.reachable], ["degraded", "store_unavailable", true])
    })
  )
})

describe("the log", () => {
  const canaries = ["60198765432", "198765432", "the secret text", "Mrs Canary", "hk_", apiKey]

  it.live("tells every request and failure, and nobody's number, text, name or key", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const bodies: Array<string> = []
      const failures = [
        Effect.fail(down),
        Effect.fail(new SubjectKeysUnavailable({ cause: new Error("no key for +60198765432") })),
        Effect.die(new Error("cannot send to 60198765432@s.whatsapp.net", { cause: new Error("+60198765432") })),
        Effect.die({ to: "+60198765432", text: "the secret text" })
      ]
      const services = yield* open({
        log: { level: "debug", write: (line) => lines.push(line) },
        messages: { send: () => failures.shift() ?? Effect.die("over") },
        devices: { create: () => Effect.die(new Error("60198765432")) }
      })
      const call = (...args: Parameters<typeof ask>) =>
        Effect.gen(function* () {
          const { status, text } = yield* Effect.provideContext(ask(...args), services)
          bodies.push(text)
          return status
        })
      const secret = { ...message, to: "+60198765432", content: { type: "text", text: "the secret text" } }
      const statuses = []
      for (let i = 0; i < 4; i++) statuses.push(yield* call("POST", "/v1/messages", { body: secret }))
      assert.deepStrictEqual(statuses, [503, 503, 500, 500])
      const refused = [
        { ...secret, to: "+60198765432198765432" },
        { ...secret, tags: { "+60198765432": 1, "the secret text": 2 } },
        { ...secret, device: "60198765432" },
        { ...secret, content: { type: "60198765432" } },
        `{"to":"+60198765432","content":"the secret text"`
      ]
      for (const body of refused) assert.isAtLeast(yield* call("POST", "/v1/messages", { body }), 400)
      yield* call("POST", "/v1/messages", {
        body: "the secret text",
        headers: { "content-type": "text/the secret text" }
      })
      yield* call("POST", "/v1/devices", { body: { name: "Mrs Canary", pairing: "code", phone: "+60198765432" } })
      yield* call("POST", "/v1/clients", { body: { name: "Mrs Canary", scopes: ["60198765432"] } })
      yield* call("GET", "/v1/messages/60198765432?after=60198765432&device=+60198765432")
      yield* call("GET", "/60198765432")
      yield* call("GET", "/v1/devices", { key: `hk_0123456789abcdef_${"A".repeat(43)}` })

      for (const canary of canaries) {
        for (const text of [...lines, ...bodies]) assert.notInclude(text, canary)
      }
      const logged = lines.map((line) => JSON.parse(line))
      assert.strictEqual(logged.filter(({ msg }) => msg === "request").length, bodies.length)
      assert.includeMembers(
        logged.filter(({ msg }) => msg === "request").map(({ route }) => route),
        ["/v1/messages", "/v1/messages/:id", "/v1/devices", "unknown"]
      )
      assert.strictEqual(logged.filter(({ msg }) => msg === "a port is unavailable").length, 2)
    })
  )

  it.live("holds the id that a problem with status 500 names", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const services = yield* open({
        log: { level: "info", write: (line) => lines.push(line) },
        messages: { find: () => Effect.die(new Error("a bug")) }
      })
      const path = "/v1/messages/00000000-0000-8000-8000-000000000000"
      const { json, status } = yield* Effect.provideContext(ask("GET", path), services)
      assert.strictEqual(status, 500)
      const [line, ...others] = lines.map((line) => JSON.parse(line))
      assert.deepStrictEqual(others, [])
      assert.strictEqual(line.request, json.id)
      assert.strictEqual(line.level, "error")
      assert.strictEqual(line.causes[0].message, "a bug")
    })
  )

  it.live("holds with every line the id of the request that it is about", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const services = yield* open({
        log: { level: "info", write: (line) => lines.push(line) },
        messages: { send: () => Effect.never, find: () => Effect.fail(down) },
        devices: { list: Effect.as(Effect.logWarning("on the way"), []), find: () => Effect.die(new Error("a bug")) }
      })
      const named = (...[method, path, body]: readonly [method: string, path: string, body?: object]) =>
        Effect.provideContext(
          ask(method, path, { headers: { "x-request-id": `${method}-${path.length}` }, ...(body && { body }) }),
          services
        )
      const id = "00000000-0000-8000-8000-000000000000"
      const hurried = { ...message, confirm: { timeoutMs: 0 } }
      const answers = yield* Effect.all(
        [
          named("POST", "/v1/messages", hurried),
          named("GET", `/v1/messages/${id}`),
          named("GET", "/v1/devices"),
          named("GET", `/v1/devices/${id}`)
        ],
        { concurrency: "unbounded" }
      )
      const said = lines.map((line) => JSON.parse(line)).map(({ msg, request }) => [msg, request])
      const [late, unavailable, listed, failed] = answers.map(({ headers }) => headers.get("x-request-id"))
      assert.sameDeepMembers(said, [
        ["a request could not be answered in time", late],
        ["a port is unavailable", unavailable],
        ["on the way", listed],
        ["a request failed", failed]
      ])
      assert.deepStrictEqual(
        answers.map(({ json }) => json.code),
        ["store_unavailable", "store_unavailable", undefined, "internal"]
      )
    })
  )
})

describe("a caller that leaves", () => {
  it.live("ends its request, which counts as neither success nor failure", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const services = yield* open({
        messages: {
          send: () =>
            Effect.andThen(Deferred.succeed(asked, undefined), Effect.never).pipe(
              Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
            )
        }
      })
      const call = (...args: Parameters<typeof ask>) => Effect.provideContext(ask(...args), services)
      const leaving = new AbortController()
      yield* Effect.forkChild(Effect.exit(call("POST", "/v1/messages", { body: message, signal: leaving.signal })))
      yield* Deferred.await(asked)
      leaving.abort()
      yield* Deferred.await(ended)
      const counted = /homing_http_request_seconds_count\{[^}]*route="\/v1\/messages"[^}]*status="499"/
      yield* Effect.repeat(call("GET", "/metrics"), { until: ({ text }) => counted.test(text) })
    })
  )
})

describe("a shutdown", () => {
  it.live("answers open waits, refuses new connections and is over soon", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const services = yield* open({
        messages: {
          send: (_, request) =>
            Deferred.succeed(asked, undefined).pipe(
              Effect.andThen(Deferred.await(released)),
              Effect.as({ document: documentOf(request), repeated: false, answered: false })
            ),
          releaseWaits: Effect.asVoid(Deferred.succeed(released, undefined))
        },
        options: { drainTimeoutMs: 20_000 }
      }).pipe(Scope.provide(scope))
      const waiting = yield* Effect.forkChild(
        Effect.provideContext(ask("POST", "/v1/messages", { body: message }), services)
      )
      yield* Deferred.await(asked)
      const begun = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - begun, 20_000)
      assert.strictEqual((yield* Fiber.join(waiting)).status, 202)
      const late = yield* Effect.exit(Effect.provideContext(ask("GET", "/health"), services))
      assert.isTrue(Exit.isFailure(late))
    })
  )

  it.live("does not wait longer than it may for what will not end", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const services = yield* open({
        messages: { send: () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never) },
        options: { drainTimeoutMs: 100 }
      }).pipe(Scope.provide(scope))
      const stuck = yield* Effect.forkChild(
        Effect.provideContext(ask("POST", "/v1/messages", { body: message }), services)
      )
      yield* Deferred.await(asked)
      yield* Scope.close(scope, Exit.void)
      const { headers, json, status } = yield* Fiber.join(stuck)
      assert.deepStrictEqual([status, json.code], [503, "shutting_down"])
      assert.strictEqual(json.idempotencyKey, headers.get("idempotency-key"))
    })
  )
})
