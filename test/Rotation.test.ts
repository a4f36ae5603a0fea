import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { fromBase64url } from "#domain/Bytes.ts"
import { AgentId } from "#domain/Ids.ts"
import { verifyBatch } from "#domain/wire/Envelope.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { rotate } from "#services/cli/AgentsCommand.ts"
import { connect } from "#services/cli/Client.ts"
import { bus, enrolled, offered, sends, startAgent, startGateway } from "./Apart.ts"
import { apiKey, connectedDevice, eventually, folder, type Homing, life } from "./Homing.ts"

type Item = { readonly keyId: string; readonly state: string; readonly until: string | null }

const scene = Effect.gen(function* () {
  const lane = yield* bus
  const root = yield* folder
  const path = join(root, "agent")
  const gateway = yield* startGateway(join(root, "gateway"), lane)
  yield* enrolled(gateway, path)
  let agent = yield* life
  const restart = Effect.gen(function* () {
    yield* agent.end
    agent = yield* life
    yield* agent.during(startAgent(path, lane))
  })
  yield* agent.during(startAgent(path, lane))
  const device = yield* connectedDevice(gateway)
  return { gateway, path, device, restart, stop: Effect.suspend(() => agent.end) }
})

const keysOf = ({ call }: Homing) =>
  Effect.map(call("GET", "/v1/gateway-keys"), ({ body }) => (body.items as ReadonlyArray<Item>).map((_) => _))
const statesOf = (gateway: Homing) => Effect.map(keysOf(gateway), (keys) => keys.map(({ state }) => state))
const upToDate = ({ call }: Homing) =>
  eventually(call("GET", "/v1/agents"), ({ body }) => body.items[0].upToDate === true)
const sent = (homing: Homing, device: string, words: string) =>
  Effect.map(sends(homing, device, words), ({ status }) => assert.strictEqual(status, "sent", words))

/** The key under which the agent signed what a message's history holds. */
const signersOf = Effect.fnUntraced(function* ({ call }: Homing, message: string) {
  const { body } = yield* call("GET", `/v1/messages/${message}/events`)
  const evidence = (body.items as ReadonlyArray<{ readonly evidence?: string }>).flatMap((_) => _.evidence ?? [])
  const signers: Array<string> = []
  const note = (keyId: string) => void signers.push(keyId)
  yield* verifyBatch(crypto, note as () => undefined, evidence.map(fromBase64url))
  return signers
})

describe("the gateway's key", () => {
  it.live("is exchanged without a gap: announced, pinned, activated; the old one is taken until it is revoked", () =>
    Effect.gen(function* () {
      const { device, gateway, restart } = yield* scene
      const { call } = gateway
      assert.deepStrictEqual(yield* statesOf(gateway), ["active"])
      const { body: next, status } = yield* call("POST", "/v1/gateway-keys")
      assert.deepStrictEqual([status, next.state], [201, "next"])
      assert.strictEqual((yield* call("POST", "/v1/gateway-keys")).body.keyId, next.keyId)
      yield* upToDate(gateway)
      yield* sent(gateway, device, "announced")
      const { body: active } = yield* call("POST", `/v1/gateway-keys/${next.keyId}/activate`, {})
      assert.strictEqual(active.state, "active")
      assert.deepStrictEqual(yield* statesOf(gateway), ["retired", "active"])
      yield* sent(gateway, device, "activated")
      yield* restart
      yield* sent(gateway, device, "after a restart")

      const [old] = yield* keysOf(gateway)
      assert.isNotNull(old!.until)
      assert.strictEqual((yield* call("DELETE", `/v1/gateway-keys/${next.keyId}`)).body.code, "key_in_use")
      assert.strictEqual((yield* call("DELETE", `/v1/gateway-keys/${old!.keyId}`)).status, 204)
      yield* upToDate(gateway)
      yield* sent(gateway, device, "revoked")
      const back = yield* call("POST", `/v1/gateway-keys/${old!.keyId}/activate`, { force: true })
      assert.strictEqual(back.body.code, "key_revoked")
      const none = yield* call("POST", "/v1/gateway-keys/0123456789abcdef/activate", {})
      assert.strictEqual(none.body.code, "key_not_found")
    })
  )

  it.live("waits for agents that are away; forced, the key they know tells them of the new one when they return", () =>
    Effect.gen(function* () {
      const { device, gateway, restart, stop } = yield* scene
      const { call } = gateway
      yield* stop
      const { body: next } = yield* call("POST", "/v1/gateway-keys")
      const early = yield* call("POST", `/v1/gateway-keys/${next.keyId}/activate`, {})
      assert.deepStrictEqual(
        [early.status, early.body.code, early.body.detail],
        [409, "agents_unaware", "Not yet: home."]
      )
      const forced = yield* call("POST", `/v1/gateway-keys/${next.keyId}/activate`, { force: true, overlapSeconds: 60 })
      assert.strictEqual(forced.status, 200)
      yield* restart
      yield* upToDate(gateway)
      yield* sent(gateway, device, "back")
    })
  )
})

describe("the exchange by command", () => {
  it.live("waits for the agents that are trusted, and for no other", () =>
    Effect.gen(function* () {
      const { gateway, path, restart, stop } = yield* scene
      const { call, url } = gateway
      const office = yield* offered(join(path, "..", "office"), false, AgentId.make("office"))
      assert.strictEqual((yield* call("POST", "/v1/agents", office)).status, 201)
      assert.strictEqual((yield* call("DELETE", `/v1/agents/office/keys/${office.keyId}`)).status, 204)
      yield* stop
      const rotating = yield* Effect.forkScoped(rotate(yield* connect({ url, key: apiKey })))
      yield* eventually(statesOf(gateway), (states) => states.length === 2)
      yield* restart
      yield* Fiber.join(rotating)
      assert.deepStrictEqual(yield* statesOf(gateway), ["retired", "active"])
    })
  )
})

describe("an agent's keys", () => {
  it.live("are exchanged while both are taken, and refused once revoked", () =>
    Effect.gen(function* () {
      const { device, gateway, path, restart, stop } = yield* scene
      const { call } = gateway
      const first = yield* sends(gateway, device, "old key")
      yield* stop
      const before = yield* offered(path)
      const after = yield* offered(path, true)
      assert.notStrictEqual(after.keyId, before.keyId)
      yield* restart
      assert.strictEqual((yield* call("POST", "/v1/agents", after)).status, 201)
      yield* upToDate(gateway)
      const second = yield* sends(gateway, device, "encrypted to the new key, signed with the old")
      yield* restart
      const third = yield* sends(gateway, device, "new key")
      assert.deepStrictEqual([first.status, second.status, third.status], ["sent", "sent", "sent"])
      const signers = yield* Effect.forEach([first, second, third], ({ id }) => signersOf(gateway, id))
      assert.deepStrictEqual(signers, [[before.keyId], [before.keyId], [after.keyId]])
      const { body } = yield* call("GET", "/v1/agents")
      assert.deepStrictEqual(
        body.items[0].keys.map(({ state }: Item) => state),
        ["retired", "active"]
      )

      assert.strictEqual((yield* call("DELETE", `/v1/agents/home/keys/${before.keyId}`)).status, 204)
      yield* sent(gateway, device, "still there")
      assert.strictEqual((yield* call("DELETE", "/v1/agents/home/keys/0123456789abcdef")).body.code, "key_not_found")
      assert.strictEqual((yield* call("DELETE", "/v1/agents/office/keys/x")).body.code, "agent_not_found")
      assert.strictEqual((yield* call("DELETE", `/v1/agents/home/keys/${after.keyId}`)).status, 204)
      assert.strictEqual((yield* sends(gateway, device, "nobody is believed", 1_000)).status, "queued")
      assert.strictEqual((yield* call("POST", "/v1/agents", after)).body.code, "key_revoked")
    })
  )
})
