import { assert, it } from "@effect/vitest"
import { Array, Effect, Redacted, Stream } from "effect"
import { connect, type NatsConnection, type NatsError, nkeyAuthenticator } from "nats"
import { AgentId } from "#domain/Ids.ts"
import type { Lane } from "#domain/ports/CommandBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { natsServer } from "../../../test/servers/Nats.ts"
import { type Nkey, userOf } from "../Nkey.ts"
import { configuration, keyVariable } from "./Configuration.ts"
import { administrator, bothEnds, envelope, impatient, oneEnd, receiver, until } from "./JetStreamFixture.ts"
import { inboxOf, placeOf } from "./Names.ts"

const home = AgentId.make("home")
const away = AgentId.make("far-away")
const keyOf = (byte: number) => userOf(new Uint8Array(32).fill(byte))
const keys = { gateway: keyOf(1), home: keyOf(2), away: keyOf(3), stranger: keyOf(4) }

/** A server with the configuration that is shipped, for two agents, on which everybody has already spoken. */
const custody = Effect.gen(function* () {
  const server = yield* natsServer({
    config: configuration({ agents: [home, away], syncAlways: false }).replace(/^.*store_dir.*$/m, ""), // told beside it
    env: {
      HOMING_NATS_LISTEN: "127.0.0.1:4222",
      [keyVariable("gateway")]: keys.gateway.publicKey,
      [keyVariable({ agent: home })]: keys.home.publicKey,
      [keyVariable({ agent: away })]: keys.away.publicKey
    }
  })
  const busOf = (agent: AgentId, key: Nkey) =>
    bothEnds(server.url, {
      agent,
      gatewaySeed: Redacted.make(keys.gateway.seed),
      agentSeed: Redacted.make(key.seed),
      tuning: { ...impatient, patience: 3_000 }
    })
  const buses = { home: yield* busOf(home, keys.home), away: yield* busOf(away, keys.away) }
  for (const agent of [home, away]) {
    const bus = agent === home ? buses.home : buses.away
    yield* bus.publish({ kind: "commands", agent }, [envelope(`to ${agent}`)])
    yield* bus.publish({ kind: "reports", agent }, [envelope(`from ${agent}`)])
  }
  return { server, buses }
})

const proofOf = ({ seed }: Nkey) => nkeyAuthenticator(new TextEncoder().encode(seed))

/** As the user of this key, by hand. */
const as = (url: string, key: Nkey | undefined, inboxPrefix?: string) =>
  Effect.acquireRelease(
    Effect.tryPromise(() =>
      connect({
        servers: url,
        reconnect: false,
        ...(inboxPrefix !== undefined && { inboxPrefix }),
        ...(key && { authenticator: proofOf(key) })
      })
    ),
    (nc) => Effect.promise(() => nc.close())
  )

const gatewayAdministrator = (url: string) =>
  administrator(url, {
    authenticator: proofOf(keys.gateway),
    inboxPrefix: inboxOf("gateway")
  })

/** `refused`, or what else came of it. */
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    ({ code }: NatsError) => (code === "PERMISSIONS_VIOLATION" ? "refused" : code)
  )
const ask = (nc: NatsConnection, subject: string) => outcome(nc.request(subject, "{}", { timeout: 1_000 }))
const listen = (nc: NatsConnection, subject: string) =>
  outcome(
    new Promise((heard, failed) => {
      nc.subscribe(subject, { callback: (error) => (error ? failed(error) : heard(undefined)) })
      nc.flush().then(heard, failed)
    })
  )

const forbiddenToAgents = [
  "homing.commands.home",
  "homing.commands.far-away",
  "homing.reports.far-away",
  "$JS.API.CONSUMER.MSG.NEXT.CMD_far-away.agent",
  "$JS.API.CONSUMER.MSG.NEXT.EVT_home.gateway",
  "$JS.API.CONSUMER.MSG.NEXT.DEAD.gateway",
  "$JS.API.CONSUMER.INFO.CMD_far-away.agent",
  "$JS.API.CONSUMER.INFO.EVT_home.gateway",
  "$JS.ACK.CMD_far-away.agent.1.1.1.1.0",
  "$JS.ACK.EVT_home.gateway.1.1.1.1.0",
  "$JS.API.CONSUMER.CREATE.CMD_home",
  "$JS.API.CONSUMER.CREATE.CMD_home.agent",
  "$JS.API.CONSUMER.CREATE.EVT_home.spy",
  "$JS.API.CONSUMER.DURABLE.CREATE.CMD_home.agent",
  "$JS.API.CONSUMER.DELETE.CMD_home.agent",
  "$JS.API.CONSUMER.LIST.CMD_home",
  "$JS.API.CONSUMER.NAMES.CMD_home",
  "$JS.API.STREAM.CREATE.MINE",
  "$JS.API.STREAM.UPDATE.CMD_home",
  "$JS.API.STREAM.DELETE.CMD_home",
  "$JS.API.STREAM.PURGE.CMD_home",
  "$JS.API.STREAM.INFO.CMD_home",
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.MSG.GET.CMD_home",
  "$JS.API.STREAM.MSG.DELETE.CMD_home",
  "$JS.API.STREAM.SNAPSHOT.CMD_home",
  "$JS.API.STREAM.RESTORE.CMD_home",
  "$JS.API.DIRECT.GET.EVT_home",
  "$JS.API.INFO",
  "$JS.API.SERVER.REMOVE",
  "$SYS.REQ.SERVER.PING",
  "_INBOX_gateway.reply",
  "_INBOX_agent_far-away.reply"
]

const forbiddenToHear = [
  ">",
  "*",
  "homing.>",
  "homing.commands.home",
  "homing.reports.home",
  "_INBOX.>",
  "_INBOX_gateway.>",
  "_INBOX_agent_far-away.>",
  "$JS.>",
  "$JS.ACK.>",
  "$JS.EVENT.>",
  "$SYS.>"
]

describeWith("nats-server", "custody on the bus", () => {
  it.live("both ends speak with their own users, and need no more than these may", () =>
    Effect.gen(function* () {
      const { buses, server } = yield* custody
      const { jsm } = yield* gatewayAdministrator(server.url)
      for (const [agent, bus] of [
        [home, buses.home],
        [away, buses.away]
      ] as const) {
        for (const kind of ["commands", "reports"] as const) {
          const lane: Lane = { kind, agent }
          const { heard, hears } = yield* receiver(bus, lane)
          yield* bus.publish(lane, Array.map(Array.make("a", "b", "c"), envelope))
          yield* hears(4)
          assert.deepStrictEqual(heard, [kind === "commands" ? `to ${agent}` : `from ${agent}`, "a", "b", "c"])
          const { consumer, stream } = placeOf(lane)
          yield* until(async () => (await jsm.consumers.info(stream, consumer)).ack_floor.stream_seq === 4)
        }
      }
      yield* server.wipeStore
      yield* server.restart
      yield* buses.home.publish({ kind: "commands", agent: home }, [envelope("after the store was lost")])
    })
  )

  it.live("an agent's user may do nothing else", () =>
    Effect.gen(function* () {
      const { server } = yield* custody
      const nc = yield* as(server.url, keys.home, inboxOf({ agent: home }))
      assert.strictEqual(yield* Effect.promise(() => ask(nc, "$JS.API.CONSUMER.INFO.CMD_home.agent")), "done")
      for (const subject of forbiddenToAgents) {
        assert.strictEqual(yield* Effect.promise(() => ask(nc, subject)), "refused", subject)
      }
      assert.strictEqual(yield* Effect.promise(() => listen(nc, `${inboxOf({ agent: home })}.own`)), "done")
      for (const subject of forbiddenToHear) {
        assert.strictEqual(yield* Effect.promise(() => listen(nc, subject)), "refused", subject)
      }
    })
  )

  it.live("the gateway's user cannot speak for an agent, delete a stream, or listen in", () =>
    Effect.gen(function* () {
      const { server } = yield* custody
      const nc = yield* as(server.url, keys.gateway, inboxOf("gateway"))
      assert.strictEqual(yield* Effect.promise(() => ask(nc, "$JS.API.STREAM.INFO.CMD_home")), "done")
      for (const subject of [
        "homing.reports.home",
        "$JS.API.STREAM.DELETE.CMD_home",
        "$JS.API.STREAM.MSG.DELETE.CMD_home",
        "$JS.API.CONSUMER.MSG.NEXT.CMD_home.agent",
        "$JS.ACK.CMD_home.agent.1.1.1.1.0",
        "$SYS.REQ.SERVER.PING",
        "_INBOX_agent_home.reply"
      ]) {
        assert.strictEqual(yield* Effect.promise(() => ask(nc, subject)), "refused", subject)
      }
      for (const subject of [">", "homing.>", "_INBOX_agent_home.>", "$SYS.>"]) {
        assert.strictEqual(yield* Effect.promise(() => listen(nc, subject)), "refused", subject)
      }
    })
  )

  it.live("a stranger, somebody without a key, and somebody with a password are not let in", () =>
    Effect.gen(function* () {
      const { server } = yield* custody
      const refused = (attempt: Promise<unknown>) => Effect.promise(() => outcome(attempt))
      const letIn = (key?: Nkey) =>
        Effect.runPromise(Effect.scoped(as(server.url, key)).pipe(Effect.mapError(({ cause }) => cause)))
      assert.strictEqual(yield* refused(letIn(keys.home)), "done")
      assert.strictEqual(yield* refused(letIn(keys.stranger)), "AUTHORIZATION_VIOLATION")
      assert.strictEqual(yield* refused(letIn()), "AUTHORIZATION_VIOLATION")
      assert.strictEqual(
        yield* refused(connect({ servers: server.url, user: "home", pass: "home", reconnect: false })),
        "AUTHORIZATION_VIOLATION"
      )
    })
  )

  it.live("a bus with a stranger's key is unavailable, and the process lives", () =>
    Effect.gen(function* () {
      const { server } = yield* custody
      const tuning = { ...impatient, patience: 1_000 }
      const nkeySeed = Redacted.make(keys.stranger.seed)
      const bus = yield* oneEnd({ url: server.url, role: "agent", agent: home, nkeySeed, tuning })
      const failed = yield* Effect.flip(bus.publish({ kind: "reports", agent: home }, [envelope("forged")]))
      assert.strictEqual(failed._tag, "BusUnavailable")
    })
  )

  it.live("an agent that speaks on another's lane is unavailable there, and hears nothing", () =>
    Effect.gen(function* () {
      const { buses } = yield* custody
      const failed = yield* Effect.flip(
        buses.home.publish({ kind: "reports", agent: away }, [envelope("in another's name")])
      )
      assert.strictEqual(failed._tag, "BusUnavailable")
      const heard = yield* buses.home
        .subscribe({ kind: "commands", agent: away })
        .pipe(Stream.take(1), Stream.runCollect, Effect.timeoutOption("1 second"))
      assert.strictEqual(heard._tag, "None")
    })
  )

  it.live("naming another's lane for the answer puts nothing on it but the server's own words", () =>
    Effect.gen(function* () {
      const { buses, server } = yield* custody
      const { heard, hears } = yield* receiver(buses.away, { kind: "commands", agent: away })
      const nc = yield* as(server.url, keys.home, inboxOf({ agent: home }))
      const { jsm } = yield* gatewayAdministrator(server.url)
      const reply = "homing.commands.far-away"
      nc.publish("$JS.API.CONSUMER.MSG.NEXT.CMD_home.agent", JSON.stringify({ batch: 1, expires: 5e9 }), { reply })
      yield* until(async () => (await jsm.consumers.info("CMD_home", "agent")).delivered.consumer_seq === 1)
      nc.publish("homing.reports.home", "a report", { reply })
      yield* hears(2)
      // its own command was sent there too: every envelope says which stream it is for
      assert.strictEqual(heard.length, 2)
      assert.include(JSON.parse(heard[1]!), { stream: "EVT_home", seq: 2 })
    })
  )
})
