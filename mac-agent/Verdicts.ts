import { fromMillis } from "#domain/Instant.ts"
import type { ReportKind } from "#domain/message/Status.ts"
import type { LedgerChange, LedgerEntry, LedgerReport, LedgerState } from "#domain/ports/Ledger.ts"
import type { Reporter } from "./Reporter.ts"

const ofTheRecipient: ReadonlyArray<ReportKind> = ["delivered", "read", "played"]

/** The report that says this of an entry; `millis` is when it became true. `attempts` has those that came later. */
export const reporting =
  (reporter: Reporter["Service"], attempts: ReadonlyMap<bigint, number>) =>
  (entry: LedgerEntry, claim: ReportKind, millis: number, code?: string): LedgerReport =>
    reporter.compose(
      { ...entry, attempt: attempts.get(entry.position) ?? entry.attempt },
      {
        kind: "message",
        message: entry.message,
        claim,
        at: fromMillis(millis),
        ...(ofTheRecipient.includes(claim) && { recipient: entry.subject }),
        ...(code !== undefined && { code })
      }
    )

export const changeOf = (
  { epoch, position }: LedgerEntry,
  state: LedgerState,
  millis: number,
  reports: ReadonlyArray<LedgerReport>
): LedgerChange => ({ epoch, position, state, at: fromMillis(millis), reports })
