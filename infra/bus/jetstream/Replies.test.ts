import { assert, it } from "@effect/vitest"
import { Array, Effect } from "effect"
import type { JetStreamManager, NatsConnection } from "nats"
import { maxEnvelopeBytes } from "#domain/wire/Envelope.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { inboxOf } from "./Names.ts"
import {
  administrator,
  as,
  away,
  busOf,
  custodian,
  forbiddenToAgents,
  home,
  keys,
  oneAccount,
  shipped
} from "./testing/CustodyFixture.ts"
import { envelope, receiver, until } from "./testing/JetStreamFixture.ts"

/** Everything an agent's user may publish, so that it is answered where it says. */
const ways = {
  pull: ["$JS.API.CONSUMER.MSG.NEXT.CMD_home.agent", JSON.stringify({ batch: 1, no_wait: true })],
  report: ["homing.reports.home", "a report"],
  look: ["$JS.API.CONSUMER.INFO.CMD_home.agent", ""],
  acknowledgement: ["$JS.ACK.CMD_home.agent.1.1.1.1.0", "+ACK"]
} as const

/** A server does not take what is to be answered as if it were a delivery. */
const answerable = forbiddenToAgents.filter((subject) => !subject.startsWith("$JS.ACK."))

/** A server with both agents' streams and something in each, an agent's own connection, and who looks on. */
const scene = Effect.fnUntraced(function* (config: string) {
  const server = yield* custodian(config)
  for (const agent of [home, away]) {
    const bus = yield* busOf(server.url, agent)
    yield* bus.publish({ kind: "commands", agent }, Array.map(Array.make("1", "2"), envelope))
    yield* bus.publish({ kind: "reports", agent }, Array.map(Array.make("1", "2"), envelope))
  }
  const { jsm, nc } = yield* administrator(server.url)
  const heard = new Set<string>()
  nc.subscribe(">", {
    // what a consumer delivers goes by its own subject, wherever it goes; and the gateway looks after its streams itself
    callback: (_, { reply, subject }) => {
      if (!["$JS.ACK.", inboxOf("gateway")].some((own) => reply?.startsWith(own))) heard.add(subject)
    }
  })
  yield* Effect.promise(() => nc.flush())
  const agent = yield* as(server.url, keys.home, inboxOf({ agent: home }))
  const ask = (way: keyof typeof ways, reply: string) => {
    const [subject, words] = ways[way]
    agent.publish(subject, words, { reply })
  }
  const streamOf = async (name: string) => (await jsm.streams.list().next()).find(({ config }) => config.name === name)
  return { server, jsm, nc, heard, agent, ask, streamOf }
})

/** What was published first has had its effect when this is through. */
const settled = (agent: NatsConnection, nc: NatsConnection) =>
  Effect.promise(async () => {
    await agent.request("homing.reports.home", "the last", { timeout: 30_000 })
    await nc.flush()
  })

const contents = (jsm: JetStreamManager) =>
  Effect.promise(async () => {
    const streams = await jsm.streams.list().next()
    return Promise.all(
      streams.map(async ({ config, created, state }) => {
        const consumers = await jsm.consumers.list(config.name).next()
        const names = consumers.map(({ name, created, config }) => ({ name, created, config }))
        return { config, created, names, from: state.first_seq, to: state.last_seq, deleted: state.num_deleted }
      })
    )
  })

describeWith("nats-server", "where an agent has its answers sent", () => {
  it.live("nothing comes of any verb of the API, of lanes and inboxes of others, of the system's subjects", () =>
    Effect.gen(function* () {
      const { agent, ask, heard, jsm, nc } = yield* scene(shipped)
      const before = yield* contents(jsm)
      heard.clear()
      for (const reply of forbiddenToAgents) {
        for (const way of ["pull", "report", "look", "acknowledgement"] as const) ask(way, reply)
        ask("pull", reply) // the stream is empty by now: answered by a status
      }
      yield* settled(agent, nc)
      assert.deepStrictEqual(
        forbiddenToAgents.filter((subject) => heard.has(subject)),
        []
      )
      const reports = answerable.length + 1
      const after = (yield* contents(jsm)).map((one) =>
        one.config.name === "EVT_home" ? { ...one, to: one.to - reports } : one
      )
      assert.deepStrictEqual(after, before)
    })
  )

  it.live("in one account with the streams all of it is said in the server's name: deleted, purged", () =>
    Effect.gen(function* () {
      const { agent, ask, heard, nc, streamOf } = yield* scene(oneAccount)
      for (const reply of answerable) ask("report", reply)
      yield* settled(agent, nc)
      assert.deepStrictEqual(
        answerable.filter((subject) => !heard.has(subject)),
        []
      )
      ask("report", "$JS.API.STREAM.PURGE.EVT_far-away")
      yield* until(async () => (await streamOf("EVT_far-away"))?.state.messages === 0)
      for (let i = 0; i < 3; i++) ask("pull", "$JS.API.STREAM.DELETE.CMD_far-away")
      yield* until(async () => (await streamOf("CMD_far-away")) === undefined)
    })
  )

  it.live("its own lanes are no way round, and come to an end", () =>
    Effect.gen(function* () {
      const { agent, ask, jsm, nc } = yield* scene(shipped)
      const own = Object.values(ways).map(([subject]) => subject)
      for (const reply of own) for (const way of ["pull", "report", "look", "acknowledgement"] as const) ask(way, reply)
      yield* settled(agent, nc)
      yield* settled(agent, nc)
      const { state } = yield* Effect.promise(() => jsm.streams.info("EVT_home"))
      assert.isBelow(state.messages, 20)
    })
  )
})

describeWith("nats-server", "where the gateway has its answers sent", () => {
  it.live("whoever makes consumers says where they deliver: its user is as good as the owner of all streams", () =>
    Effect.gen(function* () {
      const { server, streamOf } = yield* scene(shipped)
      const gateway = yield* as(server.url, keys.gateway, inboxOf("gateway"))
      const reply = "$JS.API.STREAM.DELETE.EVT_far-away"
      gateway.publish("$JS.API.CONSUMER.MSG.NEXT.DEAD.gateway", JSON.stringify({ batch: 1, no_wait: true }), { reply })
      yield* until(async () => (await streamOf("EVT_far-away")) === undefined)
    })
  )
})

describeWith("nats-server", "an agent's account", () => {
  it.live("carries the largest envelope, and nothing much larger", () =>
    Effect.gen(function* () {
      const { agent, server } = yield* scene(shipped)
      const bus = yield* busOf(server.url)
      const { hears } = yield* receiver(bus, { kind: "reports", agent: home })
      yield* bus.publish({ kind: "reports", agent: home }, [{ id: "large", bytes: new Uint8Array(maxEnvelopeBytes) }])
      yield* hears(3)
      assert.throws(
        () => agent.publish("homing.reports.home", new Uint8Array(maxEnvelopeBytes + 10_000)),
        "MAX_PAYLOAD_EXCEEDED"
      )
    })
  )

  it.live("holds a few connections, and leaves the others' alone", () =>
    Effect.gen(function* () {
      const { server } = yield* scene(shipped)
      const open = (key: (typeof keys)["home"]) => Effect.result(as(server.url, key))
      const tried = yield* Effect.forEach(Array.range(1, 10), () => open(keys.home))
      assert.isTrue(tried.some(({ _tag }) => _tag === "Failure"))
      assert.isTrue(tried.slice(0, 4).every(({ _tag }) => _tag === "Success"))
      assert.strictEqual((yield* open(keys.away))._tag, "Success")
    })
  )
})
