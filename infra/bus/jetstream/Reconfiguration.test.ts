import { assert, it } from "@effect/vitest"
import { Array, Effect, Result } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import type { CommandBus, Lane } from "#domain/ports/CommandBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { placeOf } from "./Names.ts"
import {
  administrator,
  as,
  away,
  busOf,
  custodian,
  home,
  keys,
  oneAccount,
  shipped,
  shippedFor
} from "./testing/CustodyFixture.ts"
import { envelope, receiver, until } from "./testing/JetStreamFixture.ts"

const kinds = ["commands", "reports"] as const

const publish = (bus: CommandBus["Service"], agent: AgentId, ...texts: Array.NonEmptyArray<string>) =>
  Effect.forEach(kinds, (kind) => bus.publish({ kind, agent }, Array.map(texts, envelope)), { discard: true })

/** All of it, once, in order. */
const hears = Effect.fnUntraced(function* (
  bus: CommandBus["Service"],
  agent: AgentId,
  expected: ReadonlyArray<string>
) {
  for (const kind of kinds) {
    const lane: Lane = { kind, agent }
    const { heard, hears } = yield* receiver(bus, lane)
    yield* hears(expected.length)
    assert.deepStrictEqual(heard, expected, kind)
  }
})

describeWith("nats-server", "another configuration", () => {
  it.live("from one account for all to one each: nothing that waits is lost, and nothing is taken twice", () =>
    Effect.gen(function* () {
      const server = yield* custodian(oneAccount)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const bus = yield* busOf(server.url)
          yield* publish(bus, home, "taken")
          yield* hears(bus, home, ["taken"])
          const { jsm } = yield* administrator(server.url)
          for (const kind of kinds) {
            const { consumer, stream } = placeOf({ kind, agent: home })
            yield* until(async () => (await jsm.consumers.info(stream, consumer)).ack_floor.stream_seq === 1)
          }
        })
      )
      const bus = yield* busOf(server.url)
      yield* publish(bus, home, "waits", "waits as well")
      yield* server.kill("SIGTERM")
      yield* server.reconfigure(shipped)
      yield* server.restart
      yield* publish(bus, home, "waits", "new") // under ids that the server remembers
      yield* hears(bus, home, ["waits", "waits as well", "new"])
    })
  )

  it.live("with one agent more, from the next start on: who was there goes on", () =>
    Effect.gen(function* () {
      const server = yield* custodian(shippedFor(home))
      const bus = yield* busOf(server.url)
      const { heard, hears: all } = yield* receiver(bus, { kind: "commands", agent: home })
      yield* publish(bus, home, "1")
      yield* all(1)
      yield* server.kill("SIGTERM")
      yield* server.reconfigure(shipped)
      yield* server.restart
      const other = yield* busOf(server.url, away)
      yield* publish(other, away, "to and from the new one")
      yield* hears(other, away, ["to and from the new one"])
      yield* publish(bus, home, "2")
      yield* all(2)
      assert.deepStrictEqual(heard, ["1", "2"])
    })
  )

  it.live("with one agent less, while the server runs: its connection ends, and who stays goes on", () =>
    Effect.gen(function* () {
      const server = yield* custodian(shipped)
      const bus = yield* busOf(server.url)
      const { heard, hears: all } = yield* receiver(bus, { kind: "commands", agent: home })
      yield* publish(bus, home, "1")
      yield* all(1)
      const other = yield* as(server.url, keys.away)
      yield* server.reconfigure(shippedFor(home))
      yield* Effect.promise(() => other.closed())
      assert.isTrue(Result.isFailure(yield* Effect.result(as(server.url, keys.away))))
      yield* publish(bus, home, "2")
      yield* all(2)
      assert.deepStrictEqual(heard, ["1", "2"])
      const again = yield* busOf(server.url)
      yield* publish(again, home, "3")
      yield* all(3)
    })
  )
})
