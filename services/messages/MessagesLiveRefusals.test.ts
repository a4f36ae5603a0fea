import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { configured } from "#domain/access/Client.ts"
import { DeviceId } from "#domain/Ids.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import { caller, device, messaging, otherDevice, requestOf, streamOf } from "../testing/MessagingFixture.ts"
import { uuid } from "../testing/ViewsFixture.ts"

const patient = { until: "sent", timeoutMs: 60_000 } as const
const begin = <A, E>(work: Effect.Effect<A, E>) => Effect.forkChild(work, { startImmediately: true })
const tagOf = <A, E extends { readonly _tag: string }>(work: Effect.Effect<A, E>) =>
  Effect.match(work, { onFailure: ({ _tag }) => _tag, onSuccess: () => "accepted" })

describe("nothing is accepted", () => {
  it.live("for a device that is not there, or not paired; while that may be the past, it is not said", () =>
    Effect.gen(function* () {
      const { messages, store, tell, world } = yield* messaging()
      const nobody = DeviceId.make(uuid(103))
      yield* tell(otherDevice, 1, "logged_out")
      const head = yield* store.head
      const ask = (of: DeviceId) => tagOf(messages.send(caller, requestOf(1, { device: of })))
      assert.deepStrictEqual([yield* ask(nobody), yield* ask(otherDevice)], ["DeviceUnknown", "DeviceUnpaired"])
      world.lag = "starting"
      assert.deepStrictEqual([yield* ask(nobody), yield* ask(otherDevice)], ["Behind", "Behind"])
      assert.strictEqual(yield* store.head, head)
      assert.strictEqual(yield* ask(device), "accepted")
    })
  )

  it.live("beyond what may be open: of a device, of all, also of what comes at once", () =>
    Effect.gen(function* () {
      const { counted, messages, report } = yield* messaging({ perDevice: 3, total: 4 })
      const numbers = Array.from({ length: 10 }, (_, i) => i)
      const answers = yield* Effect.forEach(numbers, (n) => Effect.result(messages.send(caller, requestOf(n))), {
        concurrency: "unbounded"
      })
      const accepted = answers.flatMap((one) => (one._tag === "Success" ? [one.success.document.id] : []))
      const refused = answers.flatMap((one) => (one._tag === "Failure" ? [one.failure._tag] : []))
      assert.deepStrictEqual([accepted.length, new Set(refused)], [3, new Set(["QueueFull"])])
      yield* counted
      const ask = (n: number, of: DeviceId) => tagOf(messages.send(caller, requestOf(n, { device: of })))
      assert.deepStrictEqual([yield* ask(10, device), yield* ask(11, otherDevice)], ["QueueFull", "accepted"])
      yield* counted
      assert.strictEqual(yield* ask(12, otherDevice), "QueueFull")
      yield* report(accepted[0]!, "sent")
      yield* counted
      assert.strictEqual(yield* ask(13, device), "accepted")
    })
  )

  it.live(
    "beyond what may be open, when the views have not heard yet of what is; nor if who asked for it has left",
    () =>
      Effect.gen(function* () {
        const deaf = yield* messaging({ total: 1 })
        deaf.world.hearing = Effect.never
        yield* deaf.messages.send(caller, requestOf(1))
        assert.strictEqual(yield* tagOf(deaf.messages.send(caller, requestOf(2))), "QueueFull")

        const { messages, world } = yield* messaging({ total: 1 })
        const [asked, held] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        world.hearing = Effect.never
        world.before = Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(held))
        const leaving = yield* begin(messages.send(caller, requestOf(1)))
        yield* Deferred.await(asked)
        const left = yield* begin(Fiber.interrupt(leaving))
        yield* Deferred.succeed(held, undefined)
        yield* Fiber.join(left)
        assert.strictEqual(yield* tagOf(messages.send(caller, requestOf(2))), "QueueFull")
      })
  )

  it.live("and a reply that was accepted is answered again all the same", () =>
    Effect.gen(function* () {
      const own = { ...caller, ...configured }
      const { counted, messages } = yield* messaging({ perDevice: 2 })
      const { document: first } = yield* messages.send(own, requestOf(1))
      const reply = requestOf(1, { replyTo: first.id, idempotencyKey: "a reply" })
      const { document } = yield* messages.send(own, reply)
      yield* counted
      assert.strictEqual(yield* tagOf(messages.send(own, requestOf(3))), "QueueFull")
      const again = yield* messages.send(own, reply)
      assert.deepStrictEqual([again.repeated, again.document.id], [true, document.id])
    })
  )

  it.live("beyond what may wait, of those that want to", () =>
    Effect.gen(function* () {
      const { messages, waits } = yield* messaging({ waits: 1 })
      const waiting = yield* begin(messages.send(caller, requestOf(1, { confirm: patient })))
      assert.strictEqual(yield* tagOf(messages.send(caller, requestOf(2, { confirm: patient }))), "WaitsFull")
      assert.isUndefined(yield* messages.repeat(caller, requestOf(2)))
      assert.strictEqual(yield* tagOf(messages.send(caller, requestOf(2))), "accepted")
      const again = yield* messages.send(caller, requestOf(1, { confirm: patient }))
      assert.deepInclude(again, { repeated: true, answered: false })
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(waits.size(), 0)
      const last = yield* begin(messages.send(caller, requestOf(3, { confirm: patient })))
      yield* eventually(messages.repeat(caller, requestOf(3)), (found) => found !== undefined)
      yield* Fiber.interrupt(last)
    })
  )

  it.live("but a repeat of what was accepted is answered, whatever stands in the way of another", () =>
    Effect.gen(function* () {
      const { counted, messages, tell, world } = yield* messaging({ total: 1 })
      const { document } = yield* messages.send(caller, requestOf(1))
      const again = Effect.map(messages.send(caller, requestOf(1)), (one) => [one.document.id, one.repeated])
      yield* counted
      assert.strictEqual(yield* tagOf(messages.send(caller, requestOf(2))), "QueueFull")
      assert.deepStrictEqual(yield* again, [document.id, true])
      yield* tell(device, 1, "logged_out")
      assert.deepStrictEqual(yield* again, [document.id, true])
      world.lag = "out_of_date"
      assert.deepStrictEqual(yield* again, [document.id, true])
    })
  )
})

describe("a log that fails", () => {
  for (const [fault, isStored] of [
    ["refuses", false],
    ["forgets", false],
    ["mute", true]
  ] as const) {
    it.live(
      `${fault}: the caller is told to repeat, finds ${isStored ? "its message" : "room"}, and there is one`,
      () =>
        Effect.gen(function* () {
          const { become, counted, messages, store, waits } = yield* messaging({ total: 1 })
          const head = yield* store.head
          yield* become(fault)
          const failed = yield* Effect.flip(messages.send(caller, requestOf(1, { confirm: patient })))
          assert.deepInclude(failed, { _tag: "EventStoreUnavailable", written: fault === "refuses" ? "no" : "unknown" })
          assert.strictEqual(waits.size(), 0)
          yield* become("none")
          yield* counted
          const { document, repeated } = yield* messages.send(caller, requestOf(1))
          assert.strictEqual(repeated, isStored)
          assert.lengthOf(yield* store.read(streamOf(document.id)), 1)
          assert.notStrictEqual(yield* store.head, head)
          yield* counted
          assert.strictEqual(yield* tagOf(messages.send(caller, requestOf(2))), "QueueFull")
        })
    )
  }
})
