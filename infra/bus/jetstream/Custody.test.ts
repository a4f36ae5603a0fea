import { assert, it } from "@effect/vitest"
import { Array, Effect, Redacted, Stream } from "effect"
import { connect, type NatsConnection, type NatsError } from "nats"
import type { Lane } from "#domain/ports/CommandBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { inboxOf, placeOf } from "./Names.ts"
import type { Nkey } from "./Nkey.ts"
import { administrator, as, away, busOf, custodian, forbiddenToAgents, home, keys } from "./testing/CustodyFixture.ts"
import { envelope, impatient, oneEnd, receiver, until } from "./testing/JetStreamFixture.ts"

/** A server on which both agents have already spoken. */
const custody = Effect.gen(function* () {
  const server = yield* custodian()
  const patient = { ...impatient, patience: 3_000 }
  const buses = { home: yield* busOf(server.url, home, patient), away: yield* busOf(server.url, away, patient) }
  for (const agent of [home, away]) {
    const bus = agent === home ? buses.home : buses.away
    yield* bus.publish({ kind: "commands", agent }, [envelope(`to ${agent}`)])
    yield* bus.publish({ kind: "reports", agent }, [envelope(`from ${agent}`)])
  }
  return { server, buses }
})

/** `refused`, or what else came of it. */
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    ({ code }: NatsError) => (code === "PERMISSIONS_VIOLATION" ? "refused" : code)
  )
const ask = (nc: NatsConnection, subject: string) => outcome(nc.request(subject, "{}", { timeout: 30_000 }))
const listen = (nc: NatsConnection, subject: string) =>
  outcome(
    new Promise((heard, failed) => {
      nc.subscribe(subject, { callback: (error) => (error ? failed(error) : heard(undefined)) })
      nc.flush().then(heard, failed)
    })
  )

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
      const { jsm } = yield* administrator(server.url)
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
})
