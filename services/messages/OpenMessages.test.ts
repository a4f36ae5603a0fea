import { assert, it } from "@effect/vitest"
import type { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { home, queued, reported, sealed, uuid } from "../testing/ViewsFixture.ts"
import * as OpenMessages from "./OpenMessages.ts"

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

it("the oldest that no agent has answered is told with the event before it: positions have gaps", () => {
  const { add, follow, isUnanswered, oldest } = OpenMessages.make(() => {})
  const unanswered = () => [1, 2, 3].filter((n) => isUnanswered(uuid(n)))
  for (const event of [queued(1, 10n, home), reported(1, 1, 20n, "sent"), queued(2, 30n, home)]) follow(event)
  assert.deepStrictEqual(oldest(), { position: 30n, before: 20n })
  follow(queued(3, 40n, home))
  assert.deepStrictEqual(unanswered(), [2, 3])
  for (const event of [reported(2, 1, 50n, "unknown"), givenUp(3, 60n)]) follow(event)
  assert.deepStrictEqual([unanswered(), oldest()], [[3], { position: 40n, before: 30n }]) // by the gateway alone
  follow(reported(3, 2, 70n, "expired"))
  assert.deepStrictEqual([unanswered(), oldest()], [[], undefined])
  const createdAt = fromMillis(5_000)
  add(uuid(1), { createdAt, device: home as DeviceId, recipients: [sealed.subject], reports: [] }, 10n)
  assert.deepStrictEqual(oldest(), { position: 10n, before: undefined })
})

it("the oldest that is open is known by when it was accepted, also from its row", () => {
  const { add, follow, waitsSince } = OpenMessages.make(() => {})
  assert.strictEqual(waitsSince(), undefined)
  const createdAt = fromMillis(5_000)
  add(uuid(1), { createdAt, device: home as DeviceId, recipients: [sealed.subject], reports: [] }, 10n)
  const second = queued(2, 20n, home)
  follow({ ...second, metadata: { ...second.metadata, occurredAt: fromMillis(7_000) } })
  assert.strictEqual(waitsSince(), createdAt)
  follow(reported(1, 1, 30n, "attempting"))
  assert.strictEqual(waitsSince(), createdAt) // it is tried
  follow(reported(1, 1, 40n, "sent"))
  assert.strictEqual(waitsSince(), fromMillis(7_000))
  follow(givenUp(2, 50n))
  assert.strictEqual(waitsSince(), undefined)
})

const givenUp = (n: number, position: bigint) => {
  const event = reported(n, 1, position, "unknown")
  return { ...event, data: { ...event.data, code: "no_report" } }
}
