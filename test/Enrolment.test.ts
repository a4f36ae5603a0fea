import { existsSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { type Bus, bus, enrolled, offered, sends as send, startAgent, startGateway, trusting } from "./Apart.ts"
import { connectedDevice, eventually, folder, type Homing, life } from "./Homing.ts"

const gatewayAlone = (lane: Bus) => Effect.flatMap(folder, (path) => startGateway(path, lane))
const sends = (homing: Homing, device: string, words: string) =>
  Effect.map(send(homing, device, words), ({ status }) => status)

describe("an agent of its own", () => {
  it.live("is enrolled and pins its gateway; then messages are sent, also after restarts of either", () =>
    Effect.gen(function* () {
      const lane = yield* bus
      const path = join(yield* folder, "agent")
      const gatewayFolder = yield* folder
      const first = yield* life
      const gateway = yield* first.during(startGateway(gatewayFolder, lane))
      yield* enrolled(gateway, path)
      const one = yield* life
      yield* one.during(startAgent(path, lane))
      const device = yield* connectedDevice(gateway)
      assert.strictEqual(yield* sends(gateway, device, "one"), "sent")

      yield* one.end
      const two = yield* life
      yield* two.during(startAgent(path, lane))
      assert.strictEqual(yield* sends(gateway, device, "two"), "sent")

      yield* first.end
      const again = yield* startGateway(gatewayFolder, lane)
      assert.strictEqual(yield* sends(again, device, "three"), "sent")
      const { body } = yield* again.call("GET", "/v1/agents")
      assert.lengthOf(body.items, 1)
      assert.deepStrictEqual([body.items[0].id, body.items[0].keys[0].state], ["home", "active"])
    })
  )

  it.live("does not start before it trusts a gateway, and says what to do; nor in another agent's folder", () =>
    Effect.gen(function* () {
      const lane = yield* bus
      const path = join(yield* folder, "agent")
      const lost = yield* Effect.flip(startAgent(path, lane))
      assert.match(String((lost as Error).message), /trusts no gateway yet.*agent keys.*agents enrol.*agent trust/)
      const gateway = yield* gatewayAlone(lane)
      yield* enrolled(gateway, path)
      const other = yield* Effect.flip(startAgent(path, lane, AgentId.make("office")))
      assert.match(String((other as Error).message), /that of agent home, not of office/)
      yield* Effect.scoped(startAgent(path, lane))
    })
  )

  it.live("makes no other keys in place of those that its gateway knows, until somebody says so", () =>
    Effect.gen(function* () {
      const lane = yield* bus
      const path = join(yield* folder, "agent")
      const gateway = yield* gatewayAlone(lane)
      yield* enrolled(gateway, path)
      yield* Effect.scoped(startAgent(path, lane))
      for (const name of ["agent-signing", "agent-agreement", "agent-nkey"]) {
        const file = join(path, "secrets", name)
        renameSync(file, join(path, name))
        const refused = yield* Effect.flip(startAgent(path, lane))
        assert.match(String((refused as Error).message), new RegExp(`${name} is missing.*agent keys --new`))
        if (name !== "agent-nkey") {
          assert.match((yield* Effect.flip(offered(path))).message, new RegExp(`${name} is missing.*agent keys --new`))
        }
        assert.isFalse(existsSync(file))
        renameSync(join(path, name), file)
      }
      rmSync(join(path, "secrets", "agent-signing"))
      const { body: pin } = yield* gateway.call("POST", "/v1/agents", yield* offered(path, true))
      yield* trusting(path, pin)
      yield* Effect.scoped(startAgent(path, lane))
    })
  )

  it.live("trusts nothing but an answer to its own enrolment", () =>
    Effect.gen(function* () {
      const lane = yield* bus
      const root = yield* folder
      const [path, otherPath] = [join(root, "agent"), join(root, "other")]
      const { call } = yield* gatewayAlone(lane)
      const { body: pin } = yield* call("POST", "/v1/agents", yield* offered(path))
      const { body: foreign } = yield* call(
        "POST",
        "/v1/agents",
        yield* offered(otherPath, false, AgentId.make("office"))
      )
      const refused = [
        "",
        "{}",
        "null",
        { ...pin, gatewayKeys: [] },
        { ...pin, epoch: -1 },
        foreign,
        { ...pin, agentKeys: [foreign.agentKeys[0]] }
      ]
      for (const one of refused) yield* Effect.flip(trusting(path, one))
      yield* Effect.flip(startAgent(path, lane))
      yield* trusting(path, pin)
      yield* Effect.scoped(startAgent(path, lane))
    })
  )

  it.live("waits for nobody: a device made before the enrolment is paired after it", () =>
    Effect.gen(function* () {
      const lane = yield* bus
      const path = join(yield* folder, "agent")
      const gateway = yield* gatewayAlone(lane)
      const { body: device } = yield* gateway.call("POST", "/v1/devices", { name: "early", pairing: "qr" })
      yield* enrolled(gateway, path)
      yield* startAgent(path, lane)
      yield* eventually(gateway.call("GET", `/v1/devices/${device.id}`), ({ body }) => body.state === "connected")
      assert.strictEqual(yield* sends(gateway, device.id, "one"), "sent")
    })
  )
})

describe("the enrolment of an agent", () => {
  it.live("takes what `homing agent keys` prints, and nothing that only looks like it", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "agent")
      const { call } = yield* gatewayAlone(yield* bus)
      const offer = yield* offered(path)
      assert.deepStrictEqual(yield* offered(path), offer)
      const zero = "A".repeat(43)
      const wrong = [
        { ...offer, keyId: "0123456789abcdef" },
        { ...offer, signing: zero },
        { ...offer, agreement: zero },
        { ...offer, agreement: "AA" },
        { ...offer, agent: "Not A Slug" },
        { ...offer, protocol: 0 },
        { ...offer, nkey: "SUSECRET" },
        { ...offer, busUser: offer.nkey },
        {},
        []
      ]
      for (const body of wrong) {
        const { status } = yield* call("POST", "/v1/agents", body)
        assert.strictEqual(status, 422, JSON.stringify(body))
      }
      const { body: problem } = yield* call("POST", "/v1/agents", { ...offer, nkey: "SUSECRET" })
      assert.deepStrictEqual(
        problem.errors.map(({ pointer }: { pointer: string }) => pointer),
        ["/nkey"]
      )
      assert.deepStrictEqual((yield* call("GET", "/v1/agents")).body.items, [])
      const first = yield* call("POST", "/v1/agents", offer)
      const repeated = yield* call("POST", "/v1/agents", offer)
      assert.deepStrictEqual([first.status, repeated.status, repeated.body], [201, 201, first.body])
      assert.match(offer.nkey!, /^U/)
      assert.strictEqual((yield* call("GET", "/v1/agents")).body.items[0].nkey, offer.nkey)
    })
  )

  it.live("needs a key that may", () =>
    Effect.gen(function* () {
      const { call } = yield* gatewayAlone(yield* bus)
      const { body } = yield* call("POST", "/v1/clients", { name: "shop", scopes: ["messages:send", "devices:manage"] })
      const authorization = `Bearer ${body.key.secret}`
      for (const [method, path] of [
        ["POST", "/v1/agents"],
        ["GET", "/v1/agents"],
        ["DELETE", "/v1/agents/home/keys/0123456789abcdef"]
      ] as const) {
        const asked = method === "POST" ? {} : undefined
        assert.strictEqual((yield* call(method, path, asked, { authorization })).status, 403)
        assert.strictEqual((yield* call(method, path, asked, { authorization: "Bearer nobody" })).status, 401)
      }
    })
  )
})
