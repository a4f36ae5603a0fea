import { cpSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { ownKey } from "#domain/wire/Keys.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { eventually, type Homing } from "./Homing.ts"
import { proxy } from "./proxy/Proxy.ts"
import { SharedGateways } from "./SharedGateways.ts"
import * as Split from "./Split.ts"
import { describeWith } from "./servers/Installed.ts"

const random = () => Redacted.make(crypto.random(32))
const office = { agent: AgentId.make("office"), ...ownKey(crypto, random(), random()).public, protocol: 2 }

const readiness = ({ call }: Homing) =>
  Effect.map(call("GET", "/health/ready"), ({ body, status }) => `${status} ${body.code ?? ""}`.trim())
const stateOfOffice = ({ call }: Homing) =>
  Effect.map(
    call("GET", "/v1/agents"),
    ({ body }) => body.items.find(({ id }: { id: string }) => id === "office")?.keys[0].state
  )

describeWith("PostgreSQL", "what one of several gateways goes by", () => {
  it.layer(SharedGateways.layer, { excludeTestServices: true })("", (it) => {
    it.effect(
      "is not what it knew when it was cut from the log: no issued key is good there, and no list is shown, until it has heard the rest",
      () =>
        Effect.gen(function* () {
          const { caller, env, eventStore, gateway } = yield* SharedGateways
          const log = yield* proxy(Number(new URL(eventStore.url).port))
          const [cut, other] = yield* Effect.all(
            [gateway({ EVENTSTORE_URL: log.through(env.EVENTSTORE_URL), RATE_LIMIT_MESSAGES: "0" }), gateway()],
            { concurrency: "unbounded" }
          )
          const [lost, kept] = [yield* caller(other), yield* caller(other)]
          const answers = (as: typeof lost) =>
            Effect.map(as(cut)("GET", "/v1/messages?limit=1"), ({ body, headers, status }) => ({
              said: `${status} ${body.code ?? ""}`.trim(),
              again: headers.get("retry-after")
            }))
          for (const as of [lost, kept]) yield* eventually(answers(as), ({ said }) => said === "200")

          yield* log.set({ silent: "both" })
          const { body } = yield* other.call("GET", "/v1/clients")
          const callers = (body.items as ReadonlyArray<{ id: string; keys: ReadonlyArray<{ id: string }> }>).slice(-2)
          const revoked = yield* other.call("DELETE", `/v1/clients/${callers[0]!.id}/keys/${callers[0]!.keys[0]!.id}`)
          assert.strictEqual(revoked.status, 204)
          const began = performance.now()
          for (const as of [lost, kept]) {
            const { again } = yield* eventually(answers(as), ({ said }) => said === "503 out_of_date")
            assert.strictEqual(again, "1")
          }
          assert.isBelow(performance.now() - began, 20_000) // five seconds are the promise; the rest is for busy machines
          for (const path of ["messages", "devices", "clients", "agents", "gateway-keys"]) {
            const configured = yield* cut.call("GET", `/v1/${path}`)
            assert.deepStrictEqual([configured.status, configured.body.code], [503, "out_of_date"], path)
          }
          assert.strictEqual((yield* cut.call("GET", "/health")).status, 200)
          assert.match(yield* readiness(cut), /^503 (store_unavailable|out_of_date)$/)

          yield* log.heal
          const heard: Array<string> = []
          yield* eventually(answers(lost), ({ said }) => heard.push(said) > 0 && said === "401 unauthorized")
          assert.notInclude(heard, "200")
          yield* eventually(answers(kept), ({ said }) => said === "200")
        }).pipe(Effect.scoped)
    )

    it.effect(
      "is what the others record, also when none of its own keys is taken any more: it signs nothing, and its callers are served",
      () =>
        Effect.gen(function* () {
          const shared = yield* SharedGateways
          const { cwd, env, gateway, send } = shared
          cpSync(join(cwd, "gateway"), join(cwd, "stale"), { recursive: true })
          const [one, stale] = yield* Effect.all([gateway(), Split.gateway(shared, "stale", env.API_KEY)], {
            concurrency: "unbounded"
          })
          yield* eventually(readiness(stale), (said) => said === "200")
          const { body: old } = yield* one.call("GET", "/v1/gateway-keys")
          const { body: next } = yield* one.call("POST", "/v1/gateway-keys")
          const activated = yield* one.call("POST", `/v1/gateway-keys/${next.keyId}/activate`, { force: true })
          assert.strictEqual(activated.status, 200)
          assert.strictEqual((yield* one.call("DELETE", `/v1/gateway-keys/${old.items[0].keyId}`)).status, 204)
          yield* eventually(readiness(stale), (said) => said === "503 no_signing_key")

          assert.strictEqual((yield* one.call("POST", "/v1/agents", office)).status, 201)
          yield* eventually(stateOfOffice(stale), (state) => state === "active")
          assert.strictEqual((yield* one.call("DELETE", `/v1/agents/office/keys/${office.keyId}`)).status, 204)
          yield* eventually(stateOfOffice(stale), (state) => state === "revoked")
          const sent = yield* send(stale, "signed by the other one")
          assert.deepStrictEqual([sent.status, sent.body.status], [201, "sent"])

          cpSync(join(cwd, "gateway", "secrets"), join(cwd, "stale", "secrets"), { recursive: true })
          assert.strictEqual((yield* one.call("POST", "/v1/gateway-keys")).status, 201) // looked for at the next change
          yield* eventually(readiness(stale), (said) => said === "200")
        }).pipe(Effect.scoped)
    )
  })
})
