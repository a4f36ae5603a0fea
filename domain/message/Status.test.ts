import { assert, describe, it } from "@effect/vitest"
import { SubjectId } from "../Ids.ts"
import {
  answers,
  contradictions,
  failureCode,
  type Report,
  reportKinds,
  type Status,
  statuses,
  statusOf
} from "./Status.ts"

const alice = SubjectId.make("A".repeat(43))
const bob = SubjectId.make("B".repeat(43))
const failed = (attempt: number, code: string, recipient?: SubjectId): Report => ({
  kind: "failed",
  attempt,
  code,
  ...(recipient && { recipient })
})
const told = (kind: Report["kind"], attempt: number, recipient?: SubjectId): Report => ({
  kind,
  attempt,
  ...(recipient && { recipient })
})

describe("statusOf", () => {
  // Message.test.ts tells reports as commands; here are more of them
  it("is the same for all orders of up to five reports, of every kind, attempt and recipient", () => {
    const all = reportKinds.flatMap((kind) =>
      [1, 2].flatMap((attempt) => [alice, bob].map((recipient) => told(kind, attempt, recipient)))
    )
    assert.lengthOf(all, 32)
    const ends = new Map<number, string>()
    const reports: Array<Report> = []
    const tell = (set: number): void => {
      const end = statusOf(reports, [alice, bob])
      const before = ends.get(set)
      if (before === undefined) ends.set(set, end)
      else if (before !== end) assert.fail(`${before} or ${end}: ${JSON.stringify(reports)}`)
      if (reports.length === 5) return
      for (let i = 0; i < all.length; i++) {
        if ((set & (1 << i)) !== 0) continue
        reports.push(all[i]!)
        tell(set | (1 << i))
        reports.pop()
      }
    }
    tell(0)
    assert.strictEqual(ends.size, 1 + 32 + 496 + 4_960 + 35_960 + 201_376) // every choice of up to five of them
  })

  it("shows a delivery whatever failed, before it or after", () => {
    for (const [first, second] of [
      [1, 2],
      [2, 1],
      [1, 1]
    ] as const) {
      const reports = [failed(first, "463"), told("delivered", second, alice)]
      assert.strictEqual(statusOf(reports, [alice]), "delivered")
      assert.strictEqual(statusOf(reports.toReversed(), [alice]), "delivered")
    }
  })
})

describe("failureCode", () => {
  it("is the smallest of the highest attempt that failed", () => {
    const cases: ReadonlyArray<readonly [string | undefined, ReadonlyArray<Report>]> = [
      [undefined, []],
      [undefined, [{ kind: "unknown", attempt: 1, code: "ack_timeout" }]],
      ["463", [failed(1, "463"), { kind: "unknown", attempt: 2, code: "ack_timeout" }]],
      ["403", [failed(1, "403"), failed(1, "463")]],
      ["403", [failed(1, "403", alice), failed(1, "463", bob)]],
      ["463", [failed(1, "403"), failed(2, "463")]],
      ["403", [failed(1, "301"), failed(2, "463"), failed(2, "403")]]
    ]
    for (const [expected, reports] of cases) {
      assert.strictEqual(failureCode(reports), expected)
      assert.strictEqual(failureCode(reports.toReversed()), expected)
    }
  })
})

describe("contradictions", () => {
  it("are the failures that another report of their attempt, or any receipt, denies", () => {
    const cases: ReadonlyArray<readonly [number, ReadonlyArray<Report>]> = [
      [0, [failed(1, "463")]],
      [0, [told("sent", 1), told("delivered", 1, alice)]],
      [0, [failed(1, "463"), told("attempting", 1), told("unknown", 1), told("expired", 1)]],
      [1, [failed(1, "463"), told("sent", 1)]],
      [0, [failed(1, "463"), told("sent", 2)]],
      [0, [failed(2, "463"), told("sent", 1)]],
      [1, [failed(2, "463"), told("delivered", 1, alice)]],
      [1, [failed(1, "463", alice), told("read", 2, alice)]],
      [0, [failed(1, "463", alice), told("delivered", 1, bob)]],
      [1, [failed(1, "463", alice), told("sent", 1)]],
      [1, [failed(1, "463", alice), failed(1, "463", bob), told("played", 1, bob)]],
      [2, [failed(1, "403"), failed(1, "463"), told("sent", 1), told("delivered", 1, alice)]]
    ]
    for (const [expected, reports] of cases) {
      const text = JSON.stringify(reports)
      assert.strictEqual(contradictions(reports), expected, text)
      assert.strictEqual(contradictions(reports.toReversed()), expected, text)
    }
  })
})

describe("answers", () => {
  it("when what was asked for is reached, or when it will not be", () => {
    const answered: Readonly<Record<Status, ReadonlyArray<string>>> = {
      queued: [],
      attempting: [],
      unknown: [],
      expired: ["sent", "delivered", "read"],
      failed: ["sent", "delivered", "read"],
      sent: ["sent"],
      delivered: ["sent", "delivered"],
      read: ["sent", "delivered", "read"],
      played: ["sent", "delivered", "read"]
    }
    for (const status of statuses) {
      const found = (["sent", "delivered", "read"] as const).filter((until) => answers(status, until))
      assert.deepStrictEqual(found, answered[status], status)
    }
  })
})
