import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import {
  claimOf,
  commandOf,
  headerOf,
  heartbeat,
  home,
  messageOf,
  office,
  refusals,
  reporting,
  sign,
  stranger
} from "../../testing/ReportingFixture.ts"

const past = fromMillis(Date.now() - 1)
const soon = "100 millis"

describe("a report", () => {
  it.live("leaves the bus and is acknowledged when the log holds it, and tells which version its agent speaks", () =>
    Effect.gen(function* () {
      const { heard, queue, recorded, tell } = yield* reporting()
      yield* queue(1)
      for (const version of [1, 2]) {
        yield* tell(claimOf(1, "sent"), headerOf(1, { direction: `homing/report/${version}` }))
      }
      const [sent, ...more] = yield* recorded("message", messageOf(1))
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(heard, [
        ["spoke", home, 1],
        ["acknowledgement", home, sent?.eventId],
        ["spoke", home, 2],
        ["acknowledgement", home, sent?.eventId]
      ])
    })
  )

  for (const fault of ["refuses", "forgets", "mute", "gone"] as const) {
    it.live(`is neither while the log ${fault === "gone" ? "is gone" : fault}; then it is recorded, once`, () =>
      Effect.gen(function* () {
        const { become, queue, acknowledged, recorded, say } = yield* reporting()
        yield* queue(1)
        yield* become(fault)
        const said = yield* say(claimOf(1, "sent"), headerOf(1))
        yield* Effect.sleep(soon)
        assert.deepStrictEqual([said.pollUnsafe(), acknowledged()], [undefined, []])
        yield* become("none")
        yield* Fiber.join(said)
        assert.lengthOf(yield* recorded("message", messageOf(1)), 1)
        assert.lengthOf(acknowledged(), 1)
      })
    )
  }

  it.live("that waits for the log holds up no other: neither what came with it, nor what comes after", () =>
    Effect.gen(function* () {
      const { become, heard, publish, queue, recorded, tell } = yield* reporting()
      yield* queue(1)
      yield* become("refuses")
      const together = [
        [claimOf(1, "sent"), headerOf(1)],
        [heartbeat, headerOf(2)]
      ] as const
      const waiting = yield* publish(home, yield* sign(together))
      yield* eventually(
        Effect.sync(() => heard.filter(([what]) => what === "heartbeat")),
        ({ length }) => length === 1
      )
      yield* tell(heartbeat, headerOf(3))
      assert.deepInclude(heard, ["heartbeat", home, commandOf(3)])
      assert.isUndefined(waiting.pollUnsafe())
      yield* become("none")
      yield* Fiber.join(waiting)
      assert.lengthOf(yield* recorded("message", messageOf(1)), 1)
    })
  )

  it.live("that arrives with others is judged by itself; what breaks while it is recorded stays with its agent", () =>
    Effect.gen(function* () {
      const { damage, publish, queue, acknowledged, recorded } = yield* reporting()
      for (const n of [1, 2]) yield* queue(n)
      yield* damage(3)
      const numbers = [1, 3, 2]
      const signed = yield* sign(numbers.map((n) => [claimOf(n, "sent"), headerOf(n)]))
      const said = yield* publish(home, [signed[0]!, new Uint8Array(3), ...signed.slice(1)])
      yield* eventually(Effect.sync(acknowledged), ({ length }) => length === 2)
      for (const n of [1, 2]) assert.lengthOf(yield* recorded("message", messageOf(n)), 1)
      assert.isUndefined(said.pollUnsafe())
    })
  )

  it.live("whose time is over is taken off the bus and stays unacknowledged: the agent renews what it keeps", () =>
    Effect.gen(function* () {
      const { queue, acknowledged, recorded, tell } = yield* reporting()
      yield* queue(1)
      const before = refusals("expired")
      yield* tell(claimOf(1, "sent"), headerOf(1, { expiresAt: past }))
      assert.deepStrictEqual([refusals("expired") - before, acknowledged()], [1, []])
      assert.deepStrictEqual(yield* recorded("message", messageOf(1)), [])
    })
  )
})

describe("a heartbeat", () => {
  it.live("is taken under its name, whatever its agent's clock shows, and needs no acknowledgement", () =>
    Effect.gen(function* () {
      const { heard, tell } = yield* reporting()
      yield* tell(heartbeat, headerOf(7, { expiresAt: past }))
      assert.deepStrictEqual(heard, [["heartbeat", home, commandOf(7)]])
    })
  )
})

describe("nothing is recorded or acknowledged, but taken off the bus and counted,", () => {
  for (const [reason, header] of [
    ["wrong_direction", { direction: "homing/command/2" }],
    ["wrong_direction", { direction: "homing/report/0" }],
    ["unknown_version", { direction: "homing/report/99" }],
    ["wrong_tenant", { tenant: "other" }],
    ["wrong_agent", { agent: office }],
    ["wrong_lane", { lane: "homing.commands.home" }],
    ["wrong_epoch", { epoch: "store:0" }],
    ["malformed", { attempt: "01x" }],
    ["malformed", { attempt: "0" }],
    ["malformed", { attempt: "007" }],
    ["malformed", { attempt: "1".repeat(10) }],
    ["malformed", { commandId: "-" }],
    ["unknown_key", { keyId: "another" }]
  ] as const) {
    it.live(`of what is signed for elsewhere: ${reason}, ${JSON.stringify(header)}`, () =>
      Effect.gen(function* () {
        const { heard, queue, recorded, tell } = yield* reporting()
        yield* queue(1)
        const before = refusals(reason)
        yield* tell(claimOf(1, "sent"), headerOf(1, header))
        assert.deepStrictEqual([refusals(reason) - before, heard], [1, []])
        assert.deepStrictEqual(yield* recorded("message", messageOf(1)), [])
      })
    )
  }

  it.live("of what somebody else signed, or nobody", () =>
    Effect.gen(function* () {
      const { heard, publish, queue, tell } = yield* reporting()
      yield* queue(1)
      const [signed, malformed] = [refusals("bad_signature"), refusals("malformed")]
      yield* tell(claimOf(1, "sent"), headerOf(1), { by: stranger })
      yield* Fiber.join(yield* publish(home, [new Uint8Array(3)]))
      assert.deepStrictEqual([refusals("bad_signature") - signed, refusals("malformed") - malformed], [1, 1])
      assert.deepStrictEqual(heard, [])
    })
  )

  it.live("of what no version of the protocol says; the genuine one beside it is", () =>
    Effect.gen(function* () {
      const { queue, acknowledged, recorded, say, tell } = yield* reporting()
      yield* queue(1)
      const before = refusals("undecodable")
      const strange = [{ kind: "message", claim: "eaten" }, { kind: "weather" }, "sent"] as ReadonlyArray<unknown>
      const said = yield* Effect.forEach(strange, (one) => say(one as AgentReport, headerOf(1)))
      yield* tell(claimOf(1, "sent"), headerOf(1))
      yield* Fiber.joinAll(said)
      assert.deepStrictEqual([refusals("undecodable") - before, acknowledged().length], [3, 1])
      assert.lengthOf(yield* recorded("message", messageOf(1)), 1)
    })
  )

  it.live("of an agent whose keys were all revoked, until it has one again", () =>
    Effect.gen(function* () {
      const { enrol, heard, queue, recorded, revoke, tell } = yield* reporting()
      yield* queue(1)
      yield* revoke(home)
      const before = refusals("unknown_key")
      for (const said of [claimOf(1, "sent"), heartbeat]) yield* tell(said, headerOf(1))
      assert.deepStrictEqual([refusals("unknown_key") - before, heard], [2, []])
      yield* enrol(home)
      yield* tell(claimOf(1, "sent"), headerOf(1))
      assert.lengthOf(yield* recorded("message", messageOf(1)), 1)
    })
  )
})

describe("an agent", () => {
  it.live("is heard on its own lane from when it is enrolled", () =>
    Effect.gen(function* () {
      const { enrol, heard, say } = yield* reporting()
      const late = AgentId.make("late")
      const said = yield* say(heartbeat, headerOf(1, {}, late), { lane: late })
      yield* Effect.sleep(soon)
      assert.isUndefined(said.pollUnsafe())
      yield* enrol(late)
      yield* Fiber.join(said)
      assert.deepStrictEqual(heard, [["heartbeat", late, commandOf(1)]])
    })
  )

  it.live("waits while this gateway's clock is off, for another gateway to judge what it says", () =>
    Effect.gen(function* () {
      const { heard, queue, say, world } = yield* reporting()
      yield* queue(1)
      world.obstacle = "clock_off"
      const said = yield* say(claimOf(1, "sent"), headerOf(1, { expiresAt: past }))
      yield* Effect.sleep(soon)
      assert.deepStrictEqual([said.pollUnsafe(), heard], [undefined, []])
    })
  )
})
