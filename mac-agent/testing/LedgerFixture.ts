import { Effect, Layer, Redacted } from "effect"
import type { Ledger } from "#domain/ports/Ledger.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as LedgerSqlite from "#infra/ledger/Sqlite.ts"

const secretOf = (name: string) => Effect.succeed(Redacted.make(new Uint8Array(32).fill(9), { label: name }))
const vault = Layer.succeed(SecretVault, { obtain: secretOf, find: secretOf })

export const ledgerOf = (file: string) => LedgerSqlite.layer(file).pipe(Layer.provide([NodeCrypto.layer, vault]))

/** What the ledger says of a message, with what it deferred. */
export const stateIn = (ledger: Ledger["Service"], waMessageId: string) =>
  Effect.andThen(
    ledger.unacknowledged(1),
    Effect.map(ledger.findSent(waMessageId), (entry) => entry?.state)
  )
