import { it } from "@effect/vitest"
import type { Layer } from "effect"
import type { Ledger } from "#domain/ports/Ledger.ts"
import { deferral } from "./contract/Deferral.ts"
import { entries } from "./contract/Entries.ts"
import { facts } from "./contract/Facts.ts"
import type { Outage } from "./contract/Fixtures.ts"
import { purging } from "./contract/Purging.ts"
import { reports } from "./contract/Reports.ts"

/** The behaviour every Ledger adapter owes its callers. */
export const ledgerContract = <E>(adapter: string, layer: Layer.Layer<Ledger | Outage, E>) =>
  it.layer(layer, { excludeTestServices: true })(`Ledger contract: ${adapter}`, (it) => {
    entries(it)
    reports(it)
    deferral(it)
    purging(it)
    facts(it)
  })
