import { it } from "@effect/vitest"
import type { Layer } from "effect"
import type { Ledger } from "#domain/ports/Ledger.ts"
import { entries } from "./contract/Entries.ts"
import { purging } from "./contract/Purging.ts"
import { reports } from "./contract/Reports.ts"

/** The behaviour every Ledger adapter owes its callers. */
export const ledgerContract = <E>(adapter: string, layer: Layer.Layer<Ledger, E>) =>
  it.layer(layer, { timeout: "30 seconds", excludeTestServices: true })(`Ledger contract: ${adapter}`, (it) => {
    entries(it)
    reports(it)
    purging(it)
  })
