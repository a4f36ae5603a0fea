import { assert, it } from "@effect/vitest"
import { answers, type Status, statuses } from "./Status.ts"

it("what was asked for is answered when it is reached, or when it will not be", () => {
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
