import { Effect } from "effect"
import { Device } from "#domain/device/Device.ts"
import type { Connection } from "#domain/device/Link.ts"
import type { DeviceId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Personal } from "../privacy/Personal.ts"
import type { DeviceRecord } from "./DevicesRows.ts"

export interface DeviceDocument {
  readonly id: DeviceId
  readonly name: string | undefined
  readonly state: Connection
  readonly reason: string | undefined
  /** When it came into this state. */
  readonly since: Instant
  /** Of the account it is linked to, as far as its agent has told; absent also once its data was erased. */
  readonly number: string | undefined
  /** What to show to pair it, while there is one that still works. */
  readonly pairing: { readonly method: "qr" | "code"; readonly code: string } | undefined
}

/** Whose it is follows from nothing but itself. */
const numberOf = (personal: Personal["Service"], { id, number: linked, numberedBy: event, tenant }: DeviceRecord) => {
  if (linked === undefined || event === undefined) return Effect.succeed(undefined)
  const whose = { stream: Device.streamOf(id), subject: linked.number.subject }
  return personal.reveal(linked.number, { tenant, event, field: "number" }, whose)
}

/** A device as its events tell it, its name and number opened. */
export const present = Effect.fnUntraced(function* (
  personal: Personal["Service"],
  record: DeviceRecord,
  pairing: DeviceDocument["pairing"]
) {
  const { connection: state, id, namedBy, paired, removal, since } = record
  const place = { tenant: record.tenant, event: namedBy, field: "name" }
  const whose = { stream: Device.streamOf(id), subject: personal.subjectOf("device", id) }
  const name = yield* personal.reveal(record.name, place, whose)
  const number = paired ? yield* numberOf(personal, record) : undefined
  const reason = removal === "asked" ? "unlinking" : record.reason
  const document: DeviceDocument = { id, name, state, reason, since, number, pairing }
  return document
})
