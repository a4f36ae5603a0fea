import { fromMillis } from "#domain/Instant.ts"
import type { LedgerReport } from "#domain/ports/Ledger.ts"
import { decodeSigned, encodeUnsigned } from "#domain/wire/Envelope.ts"
import type { Payloads } from "#domain/wire/Payloads.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import { directionOf, versionOf } from "#domain/wire/Versions.ts"
import type { Trust } from "./Trust.ts"

/** Reports do not go stale: the gateway takes one whenever it comes. */
export const validMillis = 30 * 24 * 3_600_000

/**
 * A kept report as it is to be signed now: an earlier run may have had another key, the gateway may have been exchanged
 * for an older one, and the time of the report may be over. `undefined` for one about another epoch of the log.
 */
export const renewed = (
  trust: Trust["Service"],
  payloads: Payloads<AgentReport>,
  version: number,
  report: LedgerReport,
  now: number
): LedgerReport | undefined => {
  const kept = decodeSigned(report.bytes)
  if (kept?.header.epoch !== trust.epoch) return undefined
  const { direction, expiresAt, keyId } = kept.header
  const spoken = directionOf("reports", version)
  const isOver = expiresAt <= fromMillis(now)
  if (keyId === trust.keyId && direction === spoken && !isOver) return report
  const header = {
    ...kept.header,
    direction: spoken,
    keyId: trust.keyId,
    ...(isOver && { issuedAt: fromMillis(now), expiresAt: fromMillis(now + validMillis) })
  }
  const payload = payloads.rewrite(versionOf("reports", direction) ?? version, version, kept.payload)
  return { ...report, bytes: encodeUnsigned({ header, payload }) }
}
