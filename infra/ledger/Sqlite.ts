import { Effect, Layer, Redacted } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Ledger, type LedgerChange, type LedgerReport, LedgerUnavailable } from "#domain/ports/Ledger.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { sealedBlobs } from "#infra/crypto/SealedBlob.ts"
import * as Database from "#infra/sqlite/Database.ts"
import * as GroupCommit from "#infra/sqlite/GroupCommit.ts"
import { Damaged } from "#infra/sqlite/Integrity.ts"
import type { CommitFailed } from "#infra/sqlite/Transaction.ts"
import * as Facts from "./FactTable.ts"
import { ledgerRows, schema } from "./LedgerRows.ts"
import { ledgerTables } from "./LedgerTables.ts"
import * as Proof from "./Proof.ts"

interface Options {
  /** Of what devices heard and the gateway does not have: a year of a busy account, without media. */
  readonly mostFactBytes: number
}
const usual: Options = { mostFactBytes: 512 * 1024 * 1024 }

const make = Effect.fnUntraced(function* (file: string, { mostFactBytes }: Options) {
  const crypto = yield* Crypto
  const secret = yield* (yield* SecretVault).obtain("ledger")
  const blobs = sealedBlobs(crypto, crypto.cipherKey(Redacted.value(secret)))
  const rows = ledgerRows(blobs)
  const key = crypto.macKey(Redacted.value(secret))

  const options = { durability: "commit", schema: `${schema};${Proof.schema};${Facts.schema}` } as const
  const {
    db,
    tables: { entries: tables, facts }
  } = yield* Database.openWith(file, options, (db) => {
    Proof.refuseOtherSecret(db, rows)
    return { entries: ledgerTables(db, rows), facts: Facts.factTable(db, { crypto, key, blobs, most: mostFactBytes }) }
  })

  const group = yield* GroupCommit.make(db, (results) => {
    for (const then of results) if (typeof then === "function") then()
  })

  const stored = <A>(writing: Effect.Effect<A, CommitFailed>) =>
    Effect.mapError(writing, ({ cause }) => new LedgerUnavailable({ cause }))
  const durably = <A>(write: () => A) => stored(group.write(write))
  /** Of what is committed. */
  const reading = <A>(read: () => A) =>
    Effect.try({
      try: read,
      catch: (cause) =>
        new LedgerUnavailable({
          cause: cause instanceof Damaged ? new Database.DatabaseNotOpened({ file, cause }) : cause
        })
    })
  /** A defect, since no waiting mends it; what is asked of other rows goes on. */
  const dyingOfDamage = <A>(work: Effect.Effect<A, LedgerUnavailable>) =>
    Effect.catchIf(
      work,
      ({ cause }) => cause instanceof Database.DatabaseNotOpened,
      ({ cause }) => Effect.andThen(Effect.logError("the ledger is damaged", cause), Effect.die(cause))
    )
  const afterFlush = <A>(read: () => A) => Effect.andThen(group.flush, reading(read))

  const write = (changes: ReadonlyArray<LedgerChange>) => {
    for (const { reports } of changes) tables.place(reports)
    return () => changes.map(tables.change)
  }
  const keep = (reports: ReadonlyArray<LedgerReport>) => {
    tables.place(reports)
    return () => tables.keep(reports)
  }

  return Ledger.of({
    accept: (entries) =>
      Effect.suspend(() => {
        const sealed = entries.map((entry) => ({ entry, personal: rows.sealPersonal(entry) }))
        return durably(() => {
          const epochs = tables.open(new Set(entries.map(({ epoch }) => epoch)))
          return sealed.map(({ entry, personal }) => tables.accept(entry, personal, epochs))
        })
      }),
    change: (changes) => durably(write(changes)),
    changeAlong: (changes) => stored(group.along(write(changes))),
    changeSoon: (changes) => group.soon(write(changes)),
    unfinished: (epoch) => afterFlush(() => tables.unfinished(epoch)),
    findSent: (waMessageId) => dyingOfDamage(reading(() => tables.findSent(waMessageId))),
    purge: Effect.fnUntraced(function* (before, now) {
      let total = 0
      for (const epoch of yield* reading(tables.epochs)) {
        let after: number | undefined = -1
        while (after !== undefined) {
          const from: number = after
          const { forgotten, next } = yield* durably(() => tables.purge(epoch, from, before, now))
          total += forgotten
          after = next
        }
      }
      return total
    }),

    keep: (reports) => durably(keep(reports)),
    unacknowledged: (limit, after) => afterFlush(() => tables.reports(limit, after)),
    acknowledged: (ids) =>
      Effect.suspend(() => {
        const leaving = tables.leave(ids)
        return leaving.length === 0 ? Effect.void : group.soon(() => tables.release(leaving))
      }),

    facts: {
      keep: (heard) =>
        Effect.suspend(() => {
          const sealed = heard.map(facts.seal)
          return durably(() => facts.keep(sealed))
        }),
      waiting: (lane, limit, after) => afterFlush(() => facts.waiting(lane, limit, after)),
      read: (place) => reading(() => facts.read(place)),
      acknowledged: (ids) => (ids.length === 0 ? Effect.void : group.soon(() => facts.acknowledged(ids)))
    },

    ready: stored(group.usable),
    reached: (epoch) => afterFlush(() => tables.reached(epoch)),

    devices: afterFlush(tables.devices),
    saveDevice: (device, reports) =>
      Effect.suspend(() => {
        const pairing = rows.sealPairing(device)
        const keeping = keep(reports)
        return durably(() => {
          tables.saveDevice(device, pairing)
          keeping()
        })
      })
  })
})

/** The agent's ledger in one SQLite file, durable at every commit; what is personal in it is encrypted. */
export const layer = (file: string, options = usual) => Layer.effect(Ledger, make(file, options))
