import { Effect, Layer, Redacted } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Ledger, type LedgerChange, LedgerUnavailable } from "#domain/ports/Ledger.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"
import * as Database from "#infra/sqlite/Database.ts"
import * as GroupCommit from "#infra/sqlite/GroupCommit.ts"
import { ledgerRows, schema } from "./LedgerRows.ts"
import { ledgerTables } from "./LedgerTables.ts"

const make = Effect.fnUntraced(function* (file: string) {
  const crypto = yield* Crypto
  const secret = yield* (yield* SecretVault).obtain("ledger")
  const rows = ledgerRows(sealedBlobs(crypto, crypto.cipherKey(Redacted.value(secret))))

  const db = yield* Database.open(file, { durability: "commit", schema })
  const tables = ledgerTables(db, rows)
  const group = yield* GroupCommit.make(db, (results) => {
    for (const then of results) if (typeof then === "function") then()
  })

  const durably = <A>(write: () => A) =>
    Effect.mapError(group.write(write), ({ cause }) => new LedgerUnavailable({ cause }))
  const reading = <A>(read: () => A) =>
    Effect.andThen(group.flush, Effect.try({ try: read, catch: (cause) => new LedgerUnavailable({ cause }) }))

  const write = (changes: ReadonlyArray<LedgerChange>) => () => {
    for (const change of changes) tables.change(change)
  }

  return Ledger.of({
    accept: (entries) =>
      Effect.suspend(() => {
        const sealed = entries.map((entry) => ({ entry, personal: rows.sealPersonal(entry) }))
        return durably(() => {
          for (const epoch of new Set(entries.map(({ epoch }) => epoch))) tables.open(epoch)
          return sealed.map(({ entry, personal }) => tables.accept(entry, personal))
        })
      }),
    change: (changes) => durably(write(changes)),
    changeSoon: (changes) => group.soon(write(changes)),
    unfinished: (epoch) => reading(() => tables.unfinished(epoch)),
    findSent: (waMessageId) => reading(() => tables.findSent(waMessageId)),
    purge: (before) => durably(() => tables.purge(before)),

    keep: (reports) => durably(() => tables.keep(reports)),
    unreceipted: (limit) => reading(() => tables.reports(limit)),
    receipted: (ids) => group.soon(() => tables.release(ids)),

    devices: reading(tables.devices),
    saveDevice: (device, reports) =>
      Effect.suspend(() => {
        const pairing = device.pairing === undefined ? null : rows.sealPairing(device.device, device.pairing)
        return durably(() => {
          tables.saveDevice(device, pairing)
          tables.keep(reports)
        })
      })
  })
})

/** The agent's ledger in one SQLite file, durable at every commit; what is personal in it is encrypted. */
export const layer = (file: string) => Layer.effect(Ledger, make(file))
