import type { Vitest } from "@effect/vitest"
import { Context, Effect } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { DeviceId, EventId, MessageId, SubjectId, WaMessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import type { Ledger, LedgerChange, LedgerEntry, LedgerReport, LedgerState } from "#domain/ports/Ledger.ts"

/** Of the adapter: from `begin` to `end` nothing can be written about entries. */
export class Outage extends Context.Service<
  Outage,
  { readonly begin: Effect.Effect<void>; readonly end: Effect.Effect<void> }
>()("homing/infra/ledger/contract/Outage") {}

export type It = Vitest.MethodsNonLive<Ledger | Outage>

export const uuid = () => crypto.randomUUID()
export const freshEpoch = () => `${uuid()}:0`
const subject = SubjectId.make("s".repeat(43))

let positions = 0n
export const newEntry = (epoch: string, fields: Partial<LedgerEntry> = {}): LedgerEntry => ({
  epoch,
  position: ++positions,
  commandId: EventId.make(uuid()),
  attempt: 1,
  message: MessageId.make(uuid()),
  device: DeviceId.make(uuid()),
  subject,
  waMessageId: WaMessageId.make(`3EB0${uuid().replaceAll("-", "").slice(0, 18).toUpperCase()}`),
  acceptedAt: fromMillis(1_000),
  expiresAt: fromMillis(9_000),
  state: "prepared",
  attemptedAt: undefined,
  to: { kind: "phone", address: PhoneNumber.make("+60123456789") },
  bytes: crypto.getRandomValues(new Uint8Array(300)),
  ...fields
})
export const newReport = (text = "report"): LedgerReport => ({
  id: EventId.make(uuid()),
  position: ++positions,
  bytes: utf8(text)
})
export const changeTo = (
  { epoch, position }: LedgerEntry,
  state: LedgerState,
  reports: ReadonlyArray<LedgerReport> = [],
  at = fromMillis(2_000)
): LedgerChange => ({ epoch, position, state, at, reports })

/** Any buffer type will do for bytes; what counts is what they hold. */
export const plain = (entry: LedgerEntry | undefined) => entry && { ...entry, bytes: [...entry.bytes] }
export const idsOf = (reports: ReadonlyArray<LedgerReport>) => reports.map(({ id }) => id)

/** The reports without an acknowledgement among the given: the ledger is shared by the tests. */
export const waitingOf = (ledger: Ledger["Service"], among: ReadonlyArray<LedgerReport>) =>
  Effect.map(ledger.unacknowledged(1_000_000), (waiting) => {
    const known = new Set(idsOf(among))
    return idsOf(waiting).filter((id) => known.has(id))
  })
