import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { DeviceId, EventId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { Ledger, type LedgerDevice } from "#domain/ports/Ledger.ts"
import { changeTo, freshEpoch, type It, idsOf, newEntry, newReport, uuid, waitingOf } from "./Fixtures.ts"

export const reports = (it: It) => {
  it.effect("keeps the reports of a change with it, oldest first, until they are acknowledged", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const [entry, other] = [newEntry(freshEpoch()), newEntry(freshEpoch())]
      yield* ledger.accept([entry, other])
      const reports = [newReport("\u0000 1"), newReport("2"), newReport("3")] as const
      yield* ledger.change([
        changeTo(entry, "ambiguous", [reports[0], reports[1]]),
        changeTo(other, "acked", [reports[2]])
      ])
      const waiting = yield* ledger.unacknowledged(1_000_000)
      assert.deepStrictEqual(
        waiting.slice(-3).map(({ bytes, id, position }) => [id, position, [...bytes]]),
        reports.map(({ bytes, id, position }) => [id, position, [...bytes]])
      )
      const [first, second] = yield* ledger.unacknowledged(2)
      assert.deepStrictEqual(idsOf(yield* ledger.unacknowledged(1, first)), idsOf([second!]))
      assert.deepStrictEqual(idsOf(yield* ledger.unacknowledged(9, reports[1])), [reports[2].id])
      assert.deepStrictEqual(yield* ledger.unacknowledged(9, reports[2]), [])

      yield* ledger.acknowledged([reports[1].id])
      yield* ledger.keep([newReport()]) // the commit on which the acknowledgement rides
      assert.deepStrictEqual(yield* waitingOf(ledger, reports), [reports[0].id, reports[2].id])
    })
  )

  it.effect("lets a report go whose acknowledgement is there before it is durable", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const entry = newEntry(freshEpoch())
      const report = newReport()
      yield* ledger.accept([entry])
      yield* ledger.changeSoon([changeTo(entry, "acked", [report])])
      yield* ledger.acknowledged([report.id])
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
      const found = (yield* ledger.unacknowledged(1_000_000)).find(({ id }) => id === one.id)
      assert.deepStrictEqual([...found!.bytes], [...one.bytes])
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
        standing: "open",
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
}
