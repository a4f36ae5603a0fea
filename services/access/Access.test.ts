import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, ask, documentOf, gateway, message } from "../testing/GatewayFixture.ts"
import { Clients } from "./Clients.ts"

const known = documentOf({ ...message, to: { kind: "phone", address: message.to }, tags: {} } as never)

const app = gateway({
  messages: {
    send: (_, request) => Effect.succeed({ document: documentOf(request), repeated: false, answered: true }),
    find: () => Effect.succeed(known),
    list: () => Effect.succeed({ items: [], next: undefined })
  }
})

layer(app, { excludeTestServices: true })("keys", (it) => {
  const untimed = (keys: ReadonlyArray<Record<string, unknown>>) =>
    keys.map(({ issuedAt: _, lastUsedAt: __, ...rest }) => rest)
  const codeOf = (answer: { readonly json: { readonly code?: string } }) => answer.json.code
  const clientWith = (...scopes: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const made = yield* ask("POST", "/v1/clients", { body: { name: "shop", scopes } })
      assert.strictEqual(made.status, 201)
      assert.strictEqual(made.headers.get("cache-control"), "no-store")
      return { id: made.json.id as string, key: made.json.key as { id: string; secret: string } }
    })

  it.effect("are presented as a bearer token or in X-API-Key", () =>
    Effect.gen(function* () {
      const { key } = yield* clientWith("messages:read")
      assert.match(key.secret, new RegExp(`^hk_${key.id}_[A-Za-z0-9_-]{43}$`))
      const statuses = []
      for (const headers of [
        { authorization: `Bearer ${key.secret}` },
        { authorization: `bearer  ${key.secret}` },
        { "x-api-key": key.secret },
        { authorization: `Basic ${key.secret}` },
        { authorization: key.secret },
        {}
      ]) {
        statuses.push((yield* ask("GET", "/v1/messages", { key: "", headers })).status)
      }
      assert.deepStrictEqual(statuses, [200, 200, 200, 401, 401, 401])
    })
  )

  it.effect("that are none are refused alike, with a challenge", () =>
    Effect.gen(function* () {
      const { key } = yield* clientWith("messages:read")
      const last = key.secret.at(-1) === "A" ? "B" : "A"
      const wrong = [
        `${key.secret.slice(0, -1)}${last}`,
        `${key.secret}x`,
        `hk_0123456789abcdef_${key.secret.slice(-43)}`,
        apiKey.slice(0, -1),
        `${apiKey}x`,
        key.id
      ]
      const answers = yield* Effect.forEach(wrong, (key) => ask("GET", "/v1/messages", { key }))
      assert.strictEqual(new Set(answers.map(({ text }) => text)).size, 1)
      assert.strictEqual(codeOf(answers[0]!), "unauthorized")
      assert.match(answers[0]!.headers.get("www-authenticate") ?? "", /^Bearer/)
    })
  )

  it.effect("may do what their scopes say", () =>
    Effect.gen(function* () {
      const sender = yield* clientWith("messages:send")
      const reader = yield* clientWith("messages:read")
      const manager = yield* clientWith("devices:manage")
      const watcher = yield* clientWith("metrics:read")
      const admin = yield* clientWith("admin")
      const calls = [
        ["POST", "/v1/messages", message],
        ["GET", `/v1/messages/${known.id}`, undefined],
        ["GET", "/v1/messages", undefined],
        ["GET", "/v1/devices", undefined],
        ["GET", "/v1/clients", undefined],
        ["GET", "/health/detailed", undefined],
        ["GET", "/metrics", undefined]
      ] as const
      const table = yield* Effect.forEach([sender, reader, manager, watcher, admin], ({ key }) =>
        Effect.forEach(calls, ([method, path, body]) =>
          Effect.map(ask(method, path, { key: key.secret, ...(body && { body }) }), ({ status }) => status)
        )
      )
      assert.deepStrictEqual(table, [
        [201, 200, 403, 403, 403, 403, 403],
        [403, 200, 200, 403, 403, 403, 403],
        [403, 403, 403, 200, 403, 403, 403],
        [403, 403, 403, 403, 403, 200, 200],
        [201, 200, 200, 200, 200, 200, 200]
      ])
      const forbidden = yield* ask("GET", "/v1/messages", { key: sender.key.secret })
      assert.strictEqual(codeOf(forbidden), "forbidden")
      assert.strictEqual(forbidden.json.detail, "The scope messages:read is needed.")
      const either = yield* ask("GET", `/v1/messages/${known.id}`, { key: manager.key.secret })
      assert.strictEqual(either.json.detail, "The scope messages:read or messages:send is needed.")
    })
  )

  it.effect("show what a message says only to those who may read messages", () =>
    Effect.gen(function* () {
      const sender = yield* clientWith("messages:send")
      const both = yield* clientWith("messages:send", "messages:read")
      const sent = yield* ask("POST", "/v1/messages", { key: sender.key.secret, body: message })
      const found = yield* ask("GET", sent.headers.get("location")!, { key: sender.key.secret })
      for (const blind of [sent, found]) {
        assert.strictEqual(blind.json.status, "sent")
        assert.notProperty(blind.json, "to")
        assert.notProperty(blind.json, "content")
      }
      const seen = yield* ask("POST", "/v1/messages", { key: both.key.secret, body: message })
      assert.strictEqual(seen.json.to, message.to)
    })
  )

  it.effect("are refused from the revocation's answer on; the client's others go on", () =>
    Effect.gen(function* () {
      const { id, key } = yield* clientWith("messages:read")
      const second = yield* ask("POST", `/v1/clients/${id}/keys`, { body: { scopes: ["messages:read"] } })
      assert.strictEqual(second.status, 201)
      const statusOf = (key: string) => Effect.map(ask("GET", "/v1/messages", { key }), ({ status }) => status)
      assert.deepStrictEqual([yield* statusOf(key.secret), yield* statusOf(second.json.secret)], [200, 200])
      const revoked = yield* ask("DELETE", `/v1/clients/${id}/keys/${key.id}`)
      assert.deepStrictEqual([revoked.status, revoked.text], [204, ""])
      assert.deepStrictEqual([yield* statusOf(key.secret), yield* statusOf(second.json.secret)], [401, 200])
      assert.strictEqual((yield* ask("DELETE", `/v1/clients/${id}/keys/${key.id}`)).status, 204)

      const shown = yield* ask("GET", `/v1/clients/${id}`)
      assert.strictEqual(shown.json.name, "shop")
      assert.deepStrictEqual(untimed(shown.json.keys), [
        { id: key.id, scopes: ["messages:read"], state: "revoked" },
        { id: second.json.id, scopes: ["messages:read"], state: "active" }
      ])
      assert.notInclude(shown.text, second.json.secret)
    })
  )

  const statusOf = (key: string) => Effect.map(ask("GET", "/v1/messages", { key }), ({ status }) => status)
  /** So many seconds after something that was asked for since `begun`, and has been answered. */
  const isIn = (seconds: number, instant: string, begun: number) => {
    const asked = Date.parse(instant) - seconds * 1_000
    assert.isTrue(begun <= asked && asked <= Date.now(), instant)
  }
  const untilRefused = (key: string) => Effect.repeat(statusOf(key), { until: (status) => status === 401 })

  it.effect("are rotated: the old one is good until its time is over, and the new one goes on", () =>
    Effect.gen(function* () {
      const { id, key } = yield* clientWith("messages:read", "messages:send")
      const begun = Date.now()
      const rotated = yield* ask("POST", `/v1/clients/${id}/keys/${key.id}/rotate`, { body: { overlapSeconds: 3 } })
      assert.strictEqual(rotated.status, 201)
      assert.strictEqual(rotated.headers.get("cache-control"), "no-store")
      const { replaces } = rotated.json
      assert.strictEqual(replaces.id, key.id)
      isIn(3, replaces.expiresAt, begun)
      assert.deepStrictEqual(rotated.json.key.scopes, ["messages:send", "messages:read"])
      const fresh = rotated.json.key.secret
      assert.deepStrictEqual([yield* statusOf(key.secret), yield* statusOf(fresh)], [200, 200])
      yield* untilRefused(key.secret)
      assert.isAtLeast(Date.now(), Date.parse(replaces.expiresAt))
      assert.strictEqual(yield* statusOf(fresh), 200)

      const { json } = yield* ask("GET", `/v1/clients/${id}`)
      const scopes = ["messages:send", "messages:read"]
      const { expiresAt } = replaces
      assert.deepStrictEqual(untimed(json.keys), [
        { id: key.id, scopes, state: "expired", expiresAt, replacedBy: rotated.json.key.id },
        { id: rotated.json.key.id, scopes, state: "active" }
      ])
      const again = yield* ask("POST", `/v1/clients/${id}/keys/${key.id}/rotate`, { body: {} })
      assert.deepStrictEqual([again.status, codeOf(again)], [409, "key_not_active"])
    })
  )

  it.effect("are rotated with a day's overlap, which a repeat does not prolong, or with none", () =>
    Effect.gen(function* () {
      const { id, key } = yield* clientWith("messages:read")
      const rotate = (body: object, which = key.id) => ask("POST", `/v1/clients/${id}/keys/${which}/rotate`, { body })
      const begun = Date.now()
      const first = yield* rotate({})
      isIn(86_400, first.json.replaces.expiresAt, begun)
      const second = yield* rotate({ overlapSeconds: 2_592_000, expiresInSeconds: 60 })
      assert.strictEqual(second.json.replaces.expiresAt, first.json.replaces.expiresAt)
      isIn(60, second.json.key.expiresAt, begun)
      assert.strictEqual((yield* rotate({ overlapSeconds: 0 })).status, 201)
      assert.strictEqual(yield* statusOf(key.secret), 401)
      for (const one of [first, second]) assert.strictEqual(yield* statusOf(one.json.key.secret), 200)
    })
  )

  it.effect("tell their name, since when there are they and when they were used; the next one has the name", () =>
    Effect.gen(function* () {
      const begun = new Date().toISOString()
      const body = { name: "shop", keyName: "till", scopes: ["messages:read"] }
      const { json } = yield* ask("POST", "/v1/clients", { body })
      const issued = yield* ask("POST", `/v1/clients/${json.id}/keys`, {
        body: { scopes: ["admin"], name: "back office" }
      })
      const rotated = yield* ask("POST", `/v1/clients/${json.id}/keys/${json.key.id}/rotate`, { body: {} })
      const plain = yield* ask("POST", `/v1/clients/${json.id}/keys`, { body: { scopes: ["admin"] } })
      const used = yield* statusOf(rotated.json.key.secret)
      assert.deepStrictEqual([issued.status, plain.status, used], [201, 201, 200])
      const { keys } = (yield* ask("GET", `/v1/clients/${json.id}`)).json
      const now = new Date().toISOString()
      const told = keys.map(({ issuedAt, lastUsedAt, name }: Record<string, string>) => {
        assert.isTrue(begun <= issuedAt! && issuedAt! <= now)
        return [name, lastUsedAt !== undefined && begun <= lastUsedAt && lastUsedAt <= now]
      })
      assert.deepStrictEqual(told, [
        ["till", false],
        ["back office", false],
        ["till", true],
        [undefined, false]
      ])
    })
  )

  it.effect("may be issued for a time", () =>
    Effect.gen(function* () {
      const body = { name: "visitor", scopes: ["messages:read"], expiresInSeconds: 3 }
      const begun = Date.now()
      const { json } = yield* ask("POST", "/v1/clients", { body })
      isIn(3, json.key.expiresAt, begun)
      assert.strictEqual(yield* statusOf(json.key.secret), 200)
      yield* untilRefused(json.key.secret)
      assert.isAtLeast(Date.now(), Date.parse(json.key.expiresAt))
    })
  )

  it.effect("and clients that do not exist are problems", () =>
    Effect.gen(function* () {
      const { id } = yield* clientWith("messages:read")
      const other = "00000000-0000-7000-8000-000000000000"
      const scopes = { body: { scopes: ["admin"] } }
      const codes = yield* Effect.forEach(
        [
          ask("GET", `/v1/clients/${other}`),
          ask("GET", "/v1/clients/x"),
          ask("POST", `/v1/clients/${other}/keys`, scopes),
          ask("DELETE", `/v1/clients/${other}/keys/abcd`),
          ask("DELETE", `/v1/clients/${id}/keys/abcd`),
          ask("DELETE", `/v1/clients/${id}/keys/NO`),
          ask("POST", `/v1/clients/${other}/keys/abcd/rotate`, { body: {} }),
          ask("POST", `/v1/clients/${id}/keys/abcd/rotate`, { body: {} }),
          ask("POST", `/v1/clients/${id}/keys/NO/rotate`, { body: {} }),
          ask("POST", `/v1/clients/${id}/keys/abcd/rotate`, { body: { overlapSeconds: -1 } }),
          ask("POST", `/v1/clients/${id}/keys`, { body: { scopes: ["admin"], expiresInSeconds: 0 } }),
          ask("POST", `/v1/clients/${id}/keys`, { body: { scopes: [] } }),
          ask("POST", "/v1/clients", { body: { name: "x", scopes: ["everything"] } }),
          ask("POST", "/v1/clients", { body: { name: "half a \ud800 character", scopes: ["admin"] } })
        ],
        Effect.map(codeOf)
      )
      const [none, noKey, invalid] = ["client_not_found", "key_not_found", "invalid_request"]
      assert.deepStrictEqual(codes, [
        ...[none, none, none, none, noKey, noKey],
        ...[none, noKey, noKey, invalid, invalid],
        ...[invalid, invalid, invalid]
      ])
    })
  )

  it.effect("a first key is made only in a log that has none", () =>
    Effect.gen(function* () {
      yield* clientWith("messages:read")
      assert.isUndefined(yield* (yield* Clients).first)
    })
  )
})

layer(gateway(), { excludeTestServices: true })("the first key", (it) => {
  it.effect("may do everything, and is made once", () =>
    Effect.gen(function* () {
      const clients = yield* Clients
      const first = yield* clients.first
      assert.strictEqual((yield* ask("GET", "/v1/clients", { key: first!.key.secret })).status, 200)
      assert.isUndefined(yield* clients.first)
    })
  )
})
