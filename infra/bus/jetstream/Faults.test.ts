import { once } from "node:events"
import { createConnection } from "node:net"
import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber } from "effect"
import type { Lane } from "#domain/ports/CommandBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { administrator, home as agent, busOf, custodian } from "./testing/CustodyFixture.ts"
import { envelope, receiver, until } from "./testing/JetStreamFixture.ts"

const commands: Lane = { kind: "commands", agent }
const reports: Lane = { kind: "reports", agent }

/** Both ends over a server of the test's own, a receiver on each lane. */
const conversation = Effect.gen(function* () {
  const server = yield* custodian()
  const bus = yield* busOf(server.url)
  const home = yield* receiver(bus, commands)
  const front = yield* receiver(bus, reports)
  const both = (...texts: ReadonlyArray<string>) =>
    Effect.forEach(
      texts,
      (text) => Effect.all([bus.publish(commands, [envelope(text)]), bus.publish(reports, [envelope(text)])]),
      {
        concurrency: 8,
        discard: true
      }
    )
  return { server, bus, home, front, both }
})

/** A server that runs greets whoever connects. */
const standsStill = async (port: number) => {
  const socket = createConnection(port, "127.0.0.1")
  const greeted = once(socket, "data", { signal: AbortSignal.timeout(1_000) })
  const still = await greeted.then(
    () => false,
    () => true
  )
  socket.destroy()
  return still
}

describeWith("nats-server", "JetStream, when things go wrong", () => {
  it.live("loses nothing that was taken when the server is killed in the middle, again and again", () =>
    Effect.gen(function* () {
      const { both, front, home, server } = yield* conversation
      const texts = Array.makeBy(600, String)
      const publisher = yield* Effect.forkChild(both(...texts), { startImmediately: true })
      for (const share of [100, 200, 300, 400, 500]) {
        yield* home.hears(share)
        yield* server.kill()
        yield* server.restart
      }
      yield* Fiber.join(publisher)
      for (const end of [home, front]) {
        yield* end.hears(texts.length)
        assert.deepStrictEqual(end.distinct().toSorted(), texts.toSorted())
      }
    })
  )

  it.live("goes on after the server has stood still", () =>
    Effect.gen(function* () {
      const { both, front, home, server } = yield* conversation
      yield* both("before")
      yield* server.pause
      yield* until(() => standsStill(server.port)) // its threads stop one after the other
      const publisher = yield* Effect.forkChild(both("meanwhile"), { startImmediately: true })
      yield* Effect.sleep("3 seconds") // past the first answer that is waited for
      assert.isUndefined(publisher.pollUnsafe())
      yield* server.resume
      yield* Fiber.join(publisher)
      yield* both("after")
      for (const end of [home, front]) {
        yield* end.hears(3)
        assert.deepStrictEqual(end.distinct().toSorted(), ["after", "before", "meanwhile"])
      }
    })
  )

  it.live("makes everything anew when the server comes back with an empty store", () =>
    Effect.gen(function* () {
      const { both, front, home, server } = yield* conversation
      yield* both("1", "2", "3")
      yield* home.hears(3)
      yield* front.hears(3)
      yield* server.wipeStore
      yield* server.restart
      yield* both("4", "1")
      for (const end of [home, front]) {
        yield* until(() => end.heard.length >= 5)
        // the server has forgotten that it had 1 once; the receiver has not
        assert.deepStrictEqual(end.heard.toSorted(), ["1", "1", "2", "3", "4"])
      }
    })
  )

  it.live("makes a deleted consumer anew, beginning after what was acknowledged", () =>
    Effect.gen(function* () {
      const { bus, home, server } = yield* conversation
      const { jsm, nc } = yield* administrator(server.url)
      yield* bus.publish(commands, [envelope("1"), envelope("2")])
      yield* home.hears(2)
      yield* until(async () => (await jsm.consumers.info("CMD_home", "agent")).ack_floor.stream_seq === 2)
      // the gateway has looked since, and looks again: it knows what was acknowledged
      let looks = 0
      nc.subscribe("$JS.API.CONSUMER.INFO.CMD_home.agent", { callback: () => looks++ })
      yield* until(() => looks === 2)
      yield* Effect.promise(() => jsm.consumers.delete("CMD_home", "agent"))
      yield* bus.publish(commands, [envelope("3")])
      yield* home.hears(3)
      assert.deepStrictEqual(home.heard, ["1", "2", "3"])
    })
  )

  it.live("makes a deleted stream anew", () =>
    Effect.gen(function* () {
      const { both, front, home, server } = yield* conversation
      const { jsm } = yield* administrator(server.url)
      yield* both("1")
      yield* home.hears(1)
      yield* front.hears(1)
      yield* Effect.promise(() => Promise.all([jsm.streams.delete("CMD_home"), jsm.streams.delete("EVT_home")]))
      yield* both("2")
      yield* home.hears(2)
      yield* front.hears(2)
    })
  )
})
