import { assert } from "@effect/vitest"
import { Array, Effect } from "effect"
import { SubjectId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerEntry, ledgerStates } from "#domain/ports/Ledger.ts"
import { changeTo, freshEpoch, type It, newEntry, newReport, plain, waitingOf } from "./Fixtures.ts"

export const entries = (it: It) => {
  it.effect("gives back every field of an accepted entry", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const epoch = freshEpoch()
      const fresh = newEntry(epoch)
      const begun = newEntry(epoch, { state: "ambiguous", attemptedAt: fromMillis(1_500), attempt: 3 })
      const traced = newEntry(epoch, { trace: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` })
      assert.deepStrictEqual(yield* ledger.accept([fresh, begun, traced]), ["accepted", "accepted", "accepted"])
      assert.deepStrictEqual((yield* ledger.unfinished(epoch)).map(plain), [plain(fresh), plain(begun), plain(traced)])
      assert.deepStrictEqual(plain(yield* ledger.findSent(begun.waMessageId)), plain(begun))
      assert.isUndefined(yield* ledger.findSent("3EB0000000000000000000"))
    })
  )

  it.effect("answers each of a batch for itself, and lets a known command keep its state", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const epoch = freshEpoch()
      const entry = newEntry(epoch, { attempt: 2 })
      yield* ledger.accept([entry])
      yield* ledger.change([changeTo(entry, "ambiguous")])
      const other = newEntry(epoch)
      const usurper = newEntry(epoch, { position: entry.position })
      const answers = yield* ledger.accept([{ ...entry, attempt: 5 }, usurper, other, { ...entry, attempt: 4 }, other])
      assert.deepStrictEqual(answers, ["known", "contradicted", "accepted", "known", "known"])
      const [kept] = yield* ledger.unfinished(epoch)
      assert.deepStrictEqual([kept!.commandId, kept!.state, kept!.attempt], [entry.commandId, "ambiguous", 5])
      assert.isUndefined(yield* ledger.findSent(usurper.waMessageId))
    })
  )

  it.effect("contradicts a command that is here and comes again as another", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const entry = newEntry(freshEpoch())
      const other = newEntry(entry.epoch, { expiresAt: fromMillis(9_001), subject: SubjectId.make("t".repeat(43)) })
      yield* ledger.accept([entry])
      for (const part of ["message", "device", "subject", "waMessageId", "expiresAt"] as const) {
        const again = { ...entry, attempt: 2, [part]: other[part] }
        assert.deepStrictEqual(yield* ledger.accept([again]), ["contradicted"], part)
      }
      const later = { ...entry, attempt: 2, acceptedAt: fromMillis(2_000), state: "attempting" } as const
      assert.deepStrictEqual(yield* ledger.accept([later]), ["known"])
      assert.deepStrictEqual((yield* ledger.unfinished(entry.epoch)).map(plain), [plain({ ...entry, attempt: 2 })])
    })
  )

  it.effect("accepts a command once, however many times it comes at once", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const entry = newEntry(freshEpoch())
      const answers = yield* Effect.all(
        Array.makeBy(10, () => ledger.accept([entry])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answers.flat().toSorted(), ["accepted", ...Array.makeBy(9, () => "known")])
    })
  )

  it.effect("keeps epochs apart: the same position in two is two places", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const one = newEntry(freshEpoch())
      const two = newEntry(freshEpoch(), { position: one.position })
      assert.deepStrictEqual(yield* ledger.accept([one, two]), ["accepted", "accepted"])
      yield* ledger.change([changeTo(one, "acked")])
      assert.deepStrictEqual(yield* ledger.unfinished(one.epoch), [])
      assert.strictEqual((yield* ledger.unfinished(two.epoch)).length, 1)
    })
  )

  it.effect(
    "knows a command that an earlier epoch may have sent, or called expired, and takes one that only waited",
    () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        for (const [state, late, answer] of [
          ["prepared", false, "accepted"],
          ["expired", false, "known"],
          ["expired", true, "accepted"], // it expires once more
          ["attempting", false, "known"],
          ["acked", false, "known"],
          ["rejected", false, "known"],
          ["ambiguous", false, "known"]
        ] as const) {
          const old = newEntry(freshEpoch(), { state })
          yield* ledger.accept([old])
          const { commandId, expiresAt, waMessageId } = old
          const again = newEntry(freshEpoch(), { commandId, waMessageId, ...(late && { acceptedAt: expiresAt }) })
          assert.deepStrictEqual(yield* ledger.accept([again]), [answer], state)
          const found = yield* ledger.findSent(waMessageId)
          assert.strictEqual(found?.epoch, answer === "accepted" ? again.epoch : old.epoch)
          const other = newEntry(again.epoch, { waMessageId })
          assert.deepStrictEqual(yield* ledger.accept([other]), ["accepted"])
        }
      })
  )

  it.effect("lists as unfinished what may still be sent, by position", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const epoch = freshEpoch()
      const entries = ledgerStates.map((state) => newEntry(epoch, { state }))
      yield* ledger.accept(entries.toReversed() as unknown as Array.NonEmptyReadonlyArray<LedgerEntry>)
      assert.deepStrictEqual(
        (yield* ledger.unfinished(epoch)).map(({ state }) => state),
        ["prepared", "attempting", "ambiguous"]
      )
    })
  )

  it.effect("remembers when the first attempt began", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const entry = newEntry(freshEpoch())
      yield* ledger.accept([entry])
      const steps = [
        ["attempting", 3_000],
        ["ambiguous", 4_000],
        ["attempting", 5_000],
        ["acked", 6_000]
      ] as const
      for (const [state, at] of steps) {
        yield* ledger.change([changeTo(entry, state, [], fromMillis(at))])
        const found = yield* ledger.findSent(entry.waMessageId)
        assert.deepStrictEqual(plain(found), plain({ ...entry, state, attemptedAt: fromMillis(3_000) }))
      }
      const never = newEntry(freshEpoch())
      yield* ledger.accept([never])
      yield* ledger.change([changeTo(never, "expired")])
      assert.isUndefined((yield* ledger.findSent(never.waMessageId))!.attemptedAt)
    })
  )

  it.effect("knows how far it has come in an epoch, with what is to send and with its devices", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const epoch = freshEpoch()
      assert.isUndefined(yield* ledger.reached(epoch))
      const entry = newEntry(epoch)
      yield* ledger.accept([entry])
      assert.deepStrictEqual(yield* ledger.reached(epoch), { position: entry.position, commandId: entry.commandId })
      const { commandId, device } = newEntry(epoch)
      const position = entry.position + 10n
      yield* ledger.saveDevice(
        { device, epoch, position, commandId, attempt: 1, pairing: undefined, standing: "open", reported: 0 },
        []
      )
      assert.deepStrictEqual(yield* ledger.reached(epoch), { position, commandId })
      assert.isUndefined(yield* ledger.reached(freshEpoch()))
    })
  )

  it.effect("does nothing for a change of an unknown key", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const report = newReport()
      const unknown = newEntry(freshEpoch())
      assert.deepStrictEqual(yield* ledger.change([changeTo(unknown, "acked", [report])]), [false])
      assert.isUndefined(yield* ledger.findSent(unknown.waMessageId))
      assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [])
    })
  )

  it.effect("lets nothing begin again that has its last word, and says so", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      for (const last of ["acked", "rejected", "expired"] as const) {
        const entry = newEntry(freshEpoch())
        yield* ledger.accept([entry])
        yield* ledger.change([changeTo(entry, last)])
        const report = newReport()
        for (const state of ["prepared", "attempting", "ambiguous"] as const) {
          assert.deepStrictEqual(yield* ledger.change([changeTo(entry, state, [report])]), [false], `${last} ${state}`)
        }
        assert.strictEqual((yield* ledger.findSent(entry.waMessageId))!.state, last)
        assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [])
        assert.deepStrictEqual(yield* ledger.change([changeTo(entry, "acked")]), [true])
        assert.deepStrictEqual(yield* ledger.change([changeTo(entry, "expired")]), [false])
      }
    })
  )

  it.effect("lets nobody reject what is acknowledged, and says so", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const [acked, open] = [newEntry(freshEpoch()), newEntry(freshEpoch())]
      const [late, due] = [newReport(), newReport()]
      yield* ledger.accept([acked, open])
      yield* ledger.changeSoon([changeTo(acked, "acked")])
      const answers = yield* ledger.change([changeTo(acked, "rejected", [late]), changeTo(open, "rejected", [due])])
      assert.deepStrictEqual(answers, [false, true])
      assert.strictEqual((yield* ledger.findSent(acked.waMessageId))!.state, "acked")
      assert.deepStrictEqual(yield* waitingOf(ledger, [late, due]), [due.id])
      assert.deepStrictEqual(yield* ledger.change([changeTo(open, "acked")]), [true])
    })
  )
}
