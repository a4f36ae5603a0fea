import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SubjectId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import {
  changeOf,
  claimOf,
  device,
  headerOf,
  messageOf,
  numberOf,
  refusals,
  reporting,
  reportKey
} from "../../testing/ReportingFixture.ts"

describe("a report that no agent has to make is refused, counted, and acknowledged for its agent to let it go:", () => {
  const another = SubjectId.make("t".repeat(43))
  for (const [reason, claim, more, header] of [
    ["other_recipient", "sent", {}, { subject: another }],
    ["other_recipient", "sent", {}, { subject: "-" }],
    ["other_recipient", "read", { recipient: another }, {}],
    ["no_recipient", "delivered", {}, {}],
    ["foreign_code", "failed", { code: "key_lost" }, {}],
    ["foreign_code", "unknown", { code: "no_report" }, {}],
    ["foreign_code", "failed", { code: "+60123456789" }, {}]
  ] as const) {
    it.live(`${reason}, ${claim} ${JSON.stringify({ ...more, ...header })}`, () =>
      Effect.gen(function* () {
        const { queue, acknowledged, recorded, tell } = yield* reporting()
        yield* queue(1)
        const before = refusals(reason)
        yield* tell(claimOf(1, claim, more), headerOf(1, header))
        assert.deepStrictEqual([refusals(reason) - before, acknowledged().length], [1, 1])
        assert.deepStrictEqual(yield* recorded("message", messageOf(1)), [])
      })
    )
  }

  it.live("that a message has expired which has not, whatever the agent's clock says", () =>
    Effect.gen(function* () {
      const { queue, acknowledged, recorded, tell } = yield* reporting()
      const minutes = (n: number) => fromMillis(Date.now() + n * 60_000)
      yield* queue(1, device, minutes(10))
      yield* queue(2, device, minutes(4))
      const before = refusals("not_expired")
      for (const n of [1, 2]) yield* tell(claimOf(n, "expired", { at: minutes(20) }), headerOf(n))
      assert.deepStrictEqual([refusals("not_expired") - before, acknowledged().length], [1, 2])
      assert.deepStrictEqual(yield* recorded("message", messageOf(1)), [])
      assert.lengthOf(yield* recorded("message", messageOf(2)), 1)
    })
  )

  it.live("a device's reason that is none, and a step out of the air: what is told later still counts", () =>
    Effect.gen(function* () {
      const { acknowledged, recorded, tell } = yield* reporting()
      const [foreign, far] = [refusals("foreign_reason"), refusals("step_too_far")]
      const header = headerOf(0)
      yield* tell(changeOf("paired", 0), header)
      for (const reason of ["+60123456789", "unlinking", "toString", ""]) {
        yield* tell(changeOf("disconnected", 1, { reason }), header)
        yield* tell(changeOf("connected", 1, { reason }), header) // of which it says nothing, but its evidence would
      }
      for (const step of [10_002, 2 ** 52]) {
        yield* tell(changeOf("connected", step), header)
        yield* tell(numberOf(header, reportKey, "+15550100009", step), header)
      }
      yield* tell(changeOf("logged_out", 1, { reason: "logged_out" }), header)
      assert.deepStrictEqual([refusals("foreign_reason") - foreign, refusals("step_too_far") - far], [8, 4])
      assert.deepStrictEqual(
        (yield* recorded("device", device)).map(({ type }) => type),
        ["device.paired.v1", "device.logged_out.v1"]
      )
      assert.lengthOf(acknowledged(), 14)
    })
  )
})
