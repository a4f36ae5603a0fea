import { assert, it } from "@effect/vitest"
import { Array, Effect, type Layer } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { DeviceId, EventId, MessageId, SubjectId, WaMessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { PhoneNumber } from "#domain/message/Content.ts"
import {
  Ledger,
  type LedgerChange,
  type LedgerDevice,
  type LedgerEntry,
  type LedgerReport,
  type LedgerState,
  ledgerStates
} from "#domain/ports/Ledger.ts"

const uuid = () => crypto.randomUUID()
const freshEpoch = () => `${uuid()}:0`
const subject = SubjectId.make("s".repeat(43))

let positions = 0n
export const newEntry = (epoch: string, fields: Partial<LedgerEntry> = {}): LedgerEntry => ({
  epoch,
  position: ++positions,
  commandId: EventId.make(uuid()),
  attempt: 1,
  message: MessageId.make(uuid()),
  device: DeviceId.make(uuid()),
  subject,
  waMessageId: WaMessageId.make(`3EB0${uuid().replaceAll("-", "").slice(0, 18).toUpperCase()}`),
  acceptedAt: fromMillis(1_000),
  expiresAt: fromMillis(9_000),
  state: "prepared",
  attemptedAt: undefined,
  to: { kind: "phone", address: PhoneNumber.make("+60123456789") },
  bytes: crypto.getRandomValues(new Uint8Array(300)),
  ...fields
})
export const newReport = (text = "report"): LedgerReport => ({
  id: EventId.make(uuid()),
  position: ++positions,
  bytes: utf8(text)
})
const changeTo = (
  { epoch, position }: LedgerEntry,
  state: LedgerState,
  reports: ReadonlyArray<LedgerReport> = [],
  at = fromMillis(2_000)
): LedgerChange => ({ epoch, position, state, at, reports })

/** Any buffer type will do for bytes; what counts is what they hold. */
const plain = (entry: LedgerEntry | undefined) => entry && { ...entry, bytes: [...entry.bytes] }
const idsOf = (reports: ReadonlyArray<LedgerReport>) => reports.map(({ id }) => id)

/** The reports without a receipt among the given: the ledger is shared by the tests. */
const waitingOf = (ledger: Ledger["Service"], among: ReadonlyArray<LedgerReport>) =>
  Effect.map(ledger.unreceipted(1_000_000), (waiting) => {
    const known = new Set(idsOf(among))
    return idsOf(waiting).filter((id) => known.has(id))
  })

/** The behaviour every Ledger adapter owes its callers. */
export const ledgerContract = <E>(adapter: string, layer: Layer.Layer<Ledger, E>) =>
  it.layer(layer, { timeout: "30 seconds", excludeTestServices: true })(`Ledger contract: ${adapter}`, (it) => {
    it.effect("gives back every field of an accepted entry", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const epoch = freshEpoch()
        const fresh = newEntry(epoch)
        const begun = newEntry(epoch, { state: "ambiguous", attemptedAt: fromMillis(1_500), attempt: 3 })
        assert.deepStrictEqual(yield* ledger.accept([fresh, begun]), ["accepted", "accepted"])
        assert.deepStrictEqual((yield* ledger.unfinished(epoch)).map(plain), [plain(fresh), plain(begun)])
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
        const answers = yield* ledger.accept([
          { ...entry, attempt: 5 },
          usurper,
          other,
          { ...entry, attempt: 4 },
          other
        ])
        assert.deepStrictEqual(answers, ["known", "contradicted", "accepted", "known", "known"])
        const [kept] = yield* ledger.unfinished(epoch)
        assert.deepStrictEqual([kept!.commandId, kept!.state, kept!.attempt], [entry.commandId, "ambiguous", 5])
        assert.isUndefined(yield* ledger.findSent(usurper.waMessageId))
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

    it.effect("knows a command that may have left in an earlier epoch, and takes one that certainly did not", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        for (const state of ["prepared", "expired", "attempting", "acked", "rejected", "ambiguous"] as const) {
          const old = newEntry(freshEpoch(), { state })
          yield* ledger.accept([old])
          const { commandId, waMessageId } = old
          const again = newEntry(freshEpoch(), { commandId, waMessageId })
          const answer = state === "prepared" || state === "expired" ? "accepted" : "known"
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

    it.effect("keeps the reports of a change with it, oldest first, until they are receipted", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const [entry, other] = [newEntry(freshEpoch()), newEntry(freshEpoch())]
        yield* ledger.accept([entry, other])
        const reports = [newReport("\u0000 1"), newReport("2"), newReport("3")] as const
        yield* ledger.change([
          changeTo(entry, "ambiguous", [reports[0], reports[1]]),
          changeTo(other, "acked", [reports[2]])
        ])
        const waiting = yield* ledger.unreceipted(1_000_000)
        assert.deepStrictEqual(
          waiting.slice(-3).map(({ bytes, id, position }) => [id, position, [...bytes]]),
          reports.map(({ bytes, id, position }) => [id, position, [...bytes]])
        )
        const [first, second] = yield* ledger.unreceipted(2)
        assert.deepStrictEqual(idsOf(yield* ledger.unreceipted(1, first)), idsOf([second!]))
        assert.deepStrictEqual(idsOf(yield* ledger.unreceipted(9, reports[1])), [reports[2].id])
        assert.deepStrictEqual(yield* ledger.unreceipted(9, reports[2]), [])

        yield* ledger.receipted([reports[1].id])
        yield* ledger.keep([newReport()]) // the commit on which the receipt rides
        assert.deepStrictEqual(yield* waitingOf(ledger, reports), [reports[0].id, reports[2].id])
      })
    )

    it.effect("lets a report go whose receipt is there before it is durable", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const entry = newEntry(freshEpoch())
        const report = newReport()
        yield* ledger.accept([entry])
        yield* ledger.changeSoon([changeTo(entry, "acked", [report])])
        yield* ledger.receipted([report.id])
        yield* ledger.keep([newReport()]) // the commit on which both ride
        assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [])
      })
    )

    it.effect("keeps a report once, however often it is given", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const [one, two] = [newReport("one"), newReport("two")]
        yield* ledger.keep([one, two, one])
        yield* ledger.keep([{ ...one, bytes: utf8("other") }])
        assert.deepStrictEqual(yield* waitingOf(ledger, [one, two]), [one.id, two.id])
        const found = (yield* ledger.unreceipted(1_000_000)).find(({ id }) => id === one.id)
        assert.deepStrictEqual([...found!.bytes], [...one.bytes])
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

    it.effect("holds one record per device, with the reports about it", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const device: LedgerDevice = {
          epoch: freshEpoch(),
          position: 7n,
          device: DeviceId.make(uuid()),
          commandId: EventId.make(uuid()),
          attempt: 1,
          pairing: { method: "code", phone: PhoneNumber.make("+60123456789") },
          reported: 0
        }
        const stored = Effect.map(ledger.devices, (all) => all.filter((_) => _.device === device.device))
        const report = newReport()
        yield* ledger.saveDevice(device, [])
        assert.deepStrictEqual(yield* stored, [device])
        const paired: LedgerDevice = { ...device, position: 8n, attempt: 2, pairing: undefined, reported: 1 }
        yield* ledger.saveDevice(paired, [report])
        assert.deepStrictEqual(yield* stored, [paired])
        assert.deepStrictEqual(yield* waitingOf(ledger, [report]), [report.id])
        const byQr: LedgerDevice = { ...paired, pairing: { method: "qr" } }
        yield* ledger.saveDevice(byQr, [])
        assert.deepStrictEqual(yield* stored, [byQr])
      })
    )

    it.effect("forgets whatever is old and has expired, and says how many", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.purge(fromMillis(10_000), fromMillis(10_000))
        const epoch = freshEpoch()
        const aged = (fields: Partial<LedgerEntry>) =>
          newEntry(epoch, { acceptedAt: fromMillis(500), expiresAt: fromMillis(700), ...fields })
        const old = ledgerStates.map((state) => aged({ state }))
        const elsewhere = newEntry(freshEpoch(), { acceptedAt: fromMillis(500), expiresAt: fromMillis(700) })
        const kept = {
          waiting: aged({ expiresAt: fromMillis(801) }),
          "tried late": aged({ state: "acked", attemptedAt: fromMillis(501) }),
          recent: aged({ acceptedAt: fromMillis(501) })
        }
        const behind = aged({ state: "acked" })
        yield* ledger.accept([...old, elsewhere, ...Object.values(kept), behind] as never)
        assert.strictEqual(yield* ledger.purge(fromMillis(501), fromMillis(800)), old.length + 2)
        for (const [why, { waMessageId }] of Object.entries(kept)) {
          assert.isDefined(yield* ledger.findSent(waMessageId), why)
        }
        for (const { state, waMessageId } of [...old, elsewhere, behind]) {
          assert.isUndefined(yield* ledger.findSent(waMessageId), state)
        }
      })
    )

    it.effect("forgets all that is old, however much it is, and looks at little of what is not", () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const epoch = freshEpoch()
        yield* ledger.purge(fromMillis(10_000), fromMillis(10_000))
        const old = Array.makeBy(1_000, () => newEntry(epoch, { acceptedAt: fromMillis(1), expiresAt: fromMillis(2) }))
        const late = newEntry(epoch, { acceptedAt: fromMillis(9_000) }) // taken while the clock was wrong
        const rest = Array.makeBy(1_000, () => newEntry(epoch, { acceptedAt: fromMillis(1), expiresAt: fromMillis(2) }))
        yield* ledger.accept([...old, late, ...rest])
        assert.strictEqual(yield* ledger.purge(fromMillis(5), fromMillis(5)), 2_000)
        assert.isDefined(yield* ledger.findSent(late.waMessageId))
      })
    )
  })
