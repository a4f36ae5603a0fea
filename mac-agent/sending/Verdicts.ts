import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { type ReportKind, receipts } from "#domain/message/Status.ts"
import type { LedgerChange, LedgerEntry, LedgerReport, LedgerState } from "#domain/ports/Ledger.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import { Reporter } from "../link/Reporter.ts"

/** The report that says this of an entry, in answer to this attempt; `millis` is when it became true. */
export const reporting = Effect.gen(function* () {
  const reporter = yield* Reporter
  const traces = yield* Traces
  return (entry: LedgerEntry, attempt: number, claim: ReportKind, millis: number, code?: string): LedgerReport => {
    const span = traces?.begin(`report ${claim}`, entry.trace)
    const trace = span?.traceparent ?? entry.trace
    const report = reporter.compose(
      { ...entry, attempt },
      {
        kind: "message",
        message: entry.message,
        claim,
        at: fromMillis(millis),
        ...(receipts.includes(claim) && { recipient: entry.subject }),
        ...(code !== undefined && { code }),
        ...(trace !== undefined && { trace })
      }
    )
    span?.end({ "homing.message.id": entry.message, "homing.device.id": entry.device })
    return report
  }
})

export const changeOf = (
  { epoch, position }: LedgerEntry,
  state: LedgerState,
  millis: number,
  reports: ReadonlyArray<LedgerReport>
): LedgerChange => ({ epoch, position, state, at: fromMillis(millis), reports })

/** Of the recipient's: what they say of a message depends on nothing that became of it meanwhile. */
export const arrivals: ReadonlySet<string> = new Set(["delivered", "read", "played"])
/** Without a life, these are over by the server's word: what was deferred may be missing from the state. */
export const isTold: ReadonlySet<LedgerState> = new Set(["attempting", "acked"])

export const tellOtherCopy = (reason: string | undefined) =>
  Effect.logInfo("the refusal of another copy of a message is ignored", { reason })
