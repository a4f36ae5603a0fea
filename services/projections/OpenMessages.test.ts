import { assert, it } from "@effect/vitest"
import * as OpenMessages from "./OpenMessages.ts"
import { home, queued, reported } from "./ViewsFixture.ts"

it("a message that is told again, because what stood behind it could not be read, counts once", () => {
  let waiting = 0
  const { follow } = OpenMessages.make((device, change) => {
    assert.strictEqual(device, home)
    waiting += change
  })
  for (const event of [queued(1, 0n, home), queued(1, 0n, home), queued(2, 1n, home)]) follow(event)
  assert.strictEqual(waiting, 2)
  for (const event of [reported(1, 1, 2n, "sent"), reported(1, 1, 2n, "sent")]) follow(event)
  assert.strictEqual(waiting, 1)
})
