import { assert, it } from "@effect/vitest"
import { EndpointId } from "#domain/Ids.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import * as Overflow from "./Overflow.ts"

const [one, other] = [EndpointId.make(uuid(1)), EndpointId.make(uuid(2))]

it("an endpoint overflows when more waits than is kept, and not by what is left of before it was enabled", () => {
  const overflows = Overflow.make(10)
  assert.deepStrictEqual(
    [undefined, 0, 10].map((pending) => overflows(one, pending, true)),
    [false, false, false]
  )
  assert.isTrue(overflows(one, 11, true))
  assert.isFalse(overflows(one, 12, true)) // enabled again before anybody has looked
  assert.isFalse(overflows(one, 14, false))
  assert.deepStrictEqual(
    [14, 24, 5, 15, 16].map((pending) => overflows(one, pending, true)),
    [false, false, false, false, true]
  )
  assert.deepStrictEqual(
    [50, 60, 61].map((pending) => overflows(other, pending, true)), // when the process began
    [false, false, true]
  )
})
