import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Ledger } from "#domain/ports/Ledger.ts"
import { changeTo, freshEpoch, type It, newEntry, newReport, Outage, waitingOf } from "./Fixtures.ts"

export const deferral = (it: It) => {
  it.effect("lets a deferred change ride on the next durable one", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const entry = newEntry(freshEpoch())
      const report = newReport()
      yield* ledger.accept([entry])
      yield* ledger.changeSoon([changeTo(entry, "acked", [report])])
      yield* ledger.keep([newReport()])
      assert.strictEqual((yield* ledger.findSent(entry.waMessageId))!.state, "acked")
      assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [report.id])
    })
  )

  it.effect("answers a change that may wait a little when it is durable, as any other", () =>
    Effect.gen(function* () {
      const [ledger, outage] = [yield* Ledger, yield* Outage]
      const entry = newEntry(freshEpoch())
      const report = newReport()
      yield* ledger.accept([entry])
      assert.deepStrictEqual(yield* ledger.changeAlong([changeTo(entry, "acked", [report])]), [true])
      assert.deepStrictEqual(yield* ledger.changeAlong([changeTo(entry, "rejected")]), [false])
      assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [report.id])
      yield* outage.begin
      yield* Effect.flip(ledger.changeAlong([changeTo(entry, "acked")]))
      yield* outage.end
    })
  )

  it.effect("keeps what was deferred while nothing can be written, and writes it before what came later", () =>
    Effect.gen(function* () {
      const [ledger, outage] = [yield* Ledger, yield* Outage]
      const epoch = freshEpoch()
      const [acked, tried] = [newEntry(epoch, { state: "attempting" }), newEntry(epoch, { state: "attempting" })]
      const report = newReport()
      yield* ledger.accept([acked, tried])
      yield* outage.begin
      yield* ledger.changeSoon([changeTo(acked, "acked", [report])])
      yield* ledger.changeSoon([changeTo(tried, "prepared")])
      yield* Effect.flip(ledger.change([changeTo(tried, "attempting")]))
      yield* Effect.flip(ledger.change([changeTo(tried, "attempting")]))
      yield* outage.end
      yield* ledger.change([changeTo(tried, "attempting")])
      assert.strictEqual((yield* ledger.findSent(acked.waMessageId))!.state, "acked")
      assert.strictEqual((yield* ledger.findSent(tried.waMessageId))!.state, "attempting")
      assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [report.id])
    })
  )

  it.effect("lets a report go once, however often its acknowledgement comes while nothing can be written", () =>
    Effect.gen(function* () {
      const [ledger, outage] = [yield* Ledger, yield* Outage]
      const entry = newEntry(freshEpoch())
      const report = newReport()
      yield* ledger.accept([entry])
      yield* ledger.change([changeTo(entry, "acked", [report])])
      yield* outage.begin
      yield* ledger.acknowledged([report.id])
      yield* ledger.changeSoon([changeTo(entry, "acked")])
      yield* Effect.flip(ledger.change([changeTo(entry, "acked")]))
      yield* ledger.acknowledged([report.id])
      yield* outage.end
      yield* ledger.keep([newReport()])
      assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [])
    })
  )
}
