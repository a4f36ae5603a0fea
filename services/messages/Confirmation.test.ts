import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { MessageId } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { home, queued, reported, uuid } from "../testing/ViewsFixture.ts"
import { awaitAnswer, type Known } from "./Confirmation.ts"
import { evolve, statusOfDocument } from "./MessageDocument.ts"
import type { Until } from "./Messages.ts"
import type { Wait } from "./Waits.ts"

const id = MessageId.make(uuid(1))
const event = (kind: string, revision: number) => reported(1, revision, BigInt(revision), kind)

/** What the stream tells up to and with these. */
const knownAfter = (...events: ReadonlyArray<RecordedEvent>): Known => ({
  id,
  revision: events.length,
  document: [queued(1, 0n, home), ...events].reduce<Known["document"]>(
    (document, one) => evolve(id, document, one),
    undefined
  )
})

/** An ear that has heard these, and what is said to it. */
const ear = (...heard: Array<RecordedEvent>) => {
  const wait: Wait = { heard, onEvent: undefined, onRelease: undefined, close: () => {} }
  return { wait, say: (told: RecordedEvent) => wait.onEvent?.(told), release: () => wait.onRelease?.() }
}

const patient = 60_000
const answer = (
  { wait }: { readonly wait: Wait },
  known = knownAfter(),
  { until = "sent", timeoutMs = patient, released = false }: Partial<Asked> = {}
) =>
  Effect.map(awaitAnswer(wait, released, known, { until, timeoutMs }), ({ answered, document }) => ({
    answered,
    status: statusOfDocument(document),
    reports: document.reports.length
  }))
interface Asked {
  readonly until: Until
  readonly timeoutMs: number
  readonly released: boolean
}
const waiting = <A, E>(asked: Effect.Effect<A, E>) => Effect.forkChild(asked, { startImmediately: true })

describe("an answer", () => {
  it.live("is there at once when what was asked for is known, or was heard before the waiting began", () =>
    Effect.gen(function* () {
      const sent = { answered: true, status: "sent", reports: 1 }
      assert.deepStrictEqual(yield* answer(ear(), knownAfter(event("sent", 1))), sent)
      assert.deepStrictEqual(yield* answer(ear(event("sent", 1))), sent)
    })
  )

  it.live("counts once what was known or heard and is told again", () =>
    Effect.gen(function* () {
      const again = event("attempting", 1)
      for (const [{ say, wait }, known] of [
        [ear(), knownAfter(again)],
        [ear(again), knownAfter()],
        [ear(again), knownAfter(again)]
      ] as const) {
        const asked = yield* waiting(answer({ wait }, known))
        say(again)
        say(event("sent", 2))
        assert.deepStrictEqual(yield* Fiber.join(asked), { answered: true, status: "sent", reports: 2 })
      }
    })
  )

  it.live("comes when the message has come as far as was asked, not before", () =>
    Effect.gen(function* () {
      const { say, wait } = ear()
      const asked = yield* waiting(answer({ wait }, knownAfter(), { until: "delivered" }))
      for (const [i, kind] of ["attempting", "unknown", "sent"].entries()) say(event(kind, i + 1))
      assert.isUndefined(asked.pollUnsafe())
      say(event("read", 4)) // further than was asked
      assert.deepStrictEqual(yield* Fiber.join(asked), { answered: true, status: "read", reports: 4 })
    })
  )

  for (const end of ["failed", "expired"] as const) {
    it.live(`is ${end} when it will come no further`, () =>
      Effect.gen(function* () {
        const { say, wait } = ear()
        const asked = yield* waiting(answer({ wait }, knownAfter(), { until: "read" }))
        say(event(end, 1))
        assert.deepStrictEqual(yield* Fiber.join(asked), { answered: true, status: end, reports: 1 })
      })
    )
  }

  it.live("is what is known when nobody waits: with a deadline of zero, or after the release", () =>
    Effect.gen(function* () {
      const attempting = { answered: false, status: "attempting", reports: 1 }
      for (const nobody of [{ timeoutMs: 0 }, { released: true }]) {
        const asked = yield* waiting(answer(ear(event("attempting", 1)), knownAfter(), nobody))
        assert.deepStrictEqual(asked.pollUnsafe(), Exit.succeed(attempting))
      }
    })
  )

  it.live("is what is known when the patience is over", () =>
    Effect.gen(function* () {
      const { say, wait } = ear()
      const began = performance.now()
      const asked = yield* waiting(answer({ wait }, knownAfter(), { timeoutMs: 20 }))
      say(event("attempting", 1))
      assert.deepStrictEqual(yield* Fiber.join(asked), { answered: false, status: "attempting", reports: 1 })
      assert.isBelow(performance.now() - began, patient)
      assert.deepStrictEqual([wait.onEvent, wait.onRelease], [undefined, undefined])
    })
  )

  it.live("is what is known when waiting shall end, and is given once", () =>
    Effect.gen(function* () {
      const { release, say, wait } = ear()
      const asked = yield* waiting(answer({ wait }))
      release()
      release()
      say(event("sent", 1))
      assert.deepStrictEqual(yield* Fiber.join(asked), { answered: false, status: "queued", reports: 0 })
    })
  )

  it.live("is owed to nobody who left", () =>
    Effect.gen(function* () {
      const { say, wait } = ear()
      const asked = yield* waiting(answer({ wait }, knownAfter(), { timeoutMs: 20 }))
      yield* Fiber.interrupt(asked)
      say(event("sent", 1))
      yield* Effect.sleep("40 millis")
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(asked)))
    })
  )

  it.live("about what is not in its stream is a defect: accepted means on disk", () =>
    Effect.gen(function* () {
      const lost = yield* Effect.exit(answer(ear(), { id, document: undefined, revision: -1 }, { timeoutMs: 0 }))
      assert.isTrue(Exit.hasDies(lost))
    })
  )
})
