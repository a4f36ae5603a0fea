import { assert, describe, it } from "@effect/vitest"
import type { ConsumerInfo, StreamInfo } from "nats"
import { beginning, isStuck, see } from "./Health.ts"

const stream = (last_seq: number, created = "monday") => ({ created, state: { last_seq } }) as StreamInfo
const consumer = (at: { readonly delivered: number; readonly pending?: number; readonly waiting?: number }) =>
  ({
    delivered: { consumer_seq: at.delivered, stream_seq: at.delivered },
    ack_floor: { consumer_seq: at.delivered, stream_seq: at.delivered },
    num_pending: at.pending ?? 0,
    num_waiting: at.waiting ?? 1
  }) as ConsumerInfo

describe("a consumer's health", () => {
  /** What is believed after looks at these, one a second, of a stream of ten envelopes. */
  const looks = (...consumers: ReadonlyArray<ConsumerInfo>) => {
    let seen: ReturnType<typeof see> | undefined
    return consumers.map((one, second) => {
      seen = see(seen, one, stream(10), second * 1_000)
      return isStuck(seen, one, stream(10), second * 1_000, 3_000)
    })
  }
  const silent = consumer({ delivered: 4, pending: 6 })

  it("is stuck when it has something, is asked for it, and delivers nothing for long", () => {
    assert.deepStrictEqual(looks(silent, silent, silent, silent, silent), [false, false, false, false, true])
  })

  it("is not stuck while it delivers, has nothing, or is not asked", () => {
    const moves = consumer({ delivered: 5, pending: 5 })
    assert.notInclude(looks(silent, silent, silent, moves, moves, moves), true)
    assert.notInclude(looks(...Array.from({ length: 9 }, () => consumer({ delivered: 4 }))), true)
    assert.notInclude(
      looks(...Array.from({ length: 9 }, () => consumer({ delivered: 4, pending: 6, waiting: 0 }))),
      true
    )
  })

  it("is stuck at once when it stands ahead of its stream", () => {
    assert.deepStrictEqual(looks(consumer({ delivered: 10 }), consumer({ delivered: 11 })), [false, true])
  })

  it("begins anew after what was acknowledged, if that is known of this very stream", () => {
    const seen = see(undefined, consumer({ delivered: 7 }), stream(10), 0)
    assert.strictEqual(beginning(seen, stream(10)), 8)
    assert.strictEqual(beginning(seen, stream(6)), 1)
    assert.strictEqual(beginning(seen, stream(10, "tuesday")), 1)
    assert.strictEqual(beginning(undefined, stream(10)), 1)
  })
})
