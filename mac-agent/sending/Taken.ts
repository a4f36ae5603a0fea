import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import type { OpenSpan, Tracing } from "#domain/ports/Tracing.ts"

const nothing = () => {}

/** Entries under spans of their own, which end together. What stands in no trace stays as it is. */
export const taken = (
  traces: Tracing | undefined,
  entries: ReadonlyArray<LedgerEntry>
): { readonly entries: ReadonlyArray<LedgerEntry>; readonly end: () => void } => {
  if (traces === undefined) return { entries, end: nothing }
  const open: Array<readonly [OpenSpan, LedgerEntry]> = []
  const under = entries.map((entry) => {
    const span = traces.begin("take", entry.trace)
    if (span === undefined) return entry
    open.push([span, entry])
    return { ...entry, trace: span.traceparent }
  })
  return {
    entries: under,
    end: () => {
      for (const [span, { device, message }] of open) {
        span.end({ "homing.message.id": message, "homing.device.id": device })
      }
    }
  }
}
