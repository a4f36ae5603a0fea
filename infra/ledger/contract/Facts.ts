import { assert } from "@effect/vitest"
import { Array, Effect } from "effect"
import { DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Heard } from "#domain/inbound/Heard.ts"
import type { HeardFact } from "#domain/ports/Ledger.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { type It, newReport, uuid } from "./Fixtures.ts"

const device = DeviceId.make(uuid())
export const newFact = (text: string, lid = "900002", over: Pick<Partial<Heard>, "isHistory"> = {}): HeardFact => ({
  id: EventId.make(uuid()),
  device,
  at: fromMillis(1_000),
  heard: Heard.make({
    waMessageId: "A1",
    chat: { kind: "person", lid: lid as never },
    sender: { kind: "person", lid: lid as never },
    fromMe: false,
    content: { type: "text", text },
    ...over
  })
})

export const facts = (it: It) => {
  it.effect("keeps what devices heard once, in order, until it is acknowledged", () =>
    Effect.gen(function* () {
      const { facts, keep } = yield* Ledger
      const [one, two, three] = [newFact("one"), newFact("two"), newFact("three", "900003")]
      const first = yield* facts.keep([one, two, one])
      assert.deepStrictEqual(
        first.places.map(({ id }) => id),
        [one.id, two.id]
      )
      const second = yield* facts.keep([two, three])
      assert.deepStrictEqual(
        second.places.map(({ id }) => id),
        [three.id]
      )
      const places = [...first.places, ...second.places]
      const before = places[0]!.place - 1
      assert.deepStrictEqual(yield* facts.waiting("live", 10, before), places)
      assert.deepStrictEqual(yield* facts.waiting("live", 1, places[0]!.place), [places[1]!])
      assert.strictEqual(places[0]!.chat, places[1]!.chat)
      assert.notStrictEqual(places[0]!.chat, places[2]!.chat)
      assert.deepStrictEqual(yield* facts.read(places[1]!.place), two)

      yield* facts.acknowledged([two.id])
      yield* keep([newReport()]) // the commit on which the acknowledgement rides
      assert.deepStrictEqual(yield* facts.waiting("live", 10, before), [places[0]!, places[2]!])
      assert.isUndefined(yield* facts.read(places[1]!.place))
    })
  )

  it.effect("keeps history apart from what is said now, though it is of the same chat", () =>
    Effect.gen(function* () {
      const { facts } = yield* Ledger
      const [past, now] = [newFact("past", "900002", { isHistory: true }), newFact("now")]
      const { places } = yield* facts.keep([past, now])
      const before = places[0]!.place - 1
      assert.strictEqual(places[0]!.chat, places[1]!.chat)
      assert.deepStrictEqual(yield* facts.waiting("history", 10, before), [places[0]!])
      assert.deepStrictEqual(yield* facts.waiting("live", 10, before), [places[1]!])
      assert.deepStrictEqual(yield* facts.read(places[0]!.place), past)
    })
  )

  it.effect("keeps many in one commit, and gives a place to none twice", () =>
    Effect.gen(function* () {
      const { facts } = yield* Ledger
      const many = Array.makeBy(300, (n) => newFact(`text ${n}`))
      const kept = yield* Effect.forEach(many, (one) => facts.keep([one]), { concurrency: "unbounded" })
      const places = kept.flatMap(({ places }) => places.map(({ place }) => place))
      assert.deepStrictEqual(
        places,
        [...new Set(places)].toSorted((a, b) => a - b)
      )
    })
  )
}
