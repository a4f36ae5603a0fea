import { concat, hex, lengthPrefixed, utf8 } from "./Bytes.ts"
import type {
  BatchId,
  ClientId,
  CommandId,
  DeliveryId,
  DeviceId,
  EndpointId,
  EventId,
  InboundId,
  MessageId,
  MetaApp,
  PeerId,
  RequestId,
  SubjectId,
  TargetId,
  TenantId,
  WaMessageId
} from "./Ids.ts"
import type { Crypto, MacKey } from "./ports/Crypto.ts"

type Algorithms = Crypto["Service"]

/** How ids are made. Events are for ever, so these derivations never change. */

/** Of 32 hexadecimal digits or more. Version and variant take the place of digits 12 and, in part, 16. */
const uuid = (digits: string, version: number): string => {
  const start = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${version}${digits.slice(13, 16)}`
  const variant = "89ab"[Number.parseInt(digits[16]!, 16) & 3]
  return `${start}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}

/** RFC 9562 version 7: `millis` since 1970, then random. */
export const uuidV7 = (crypto: Algorithms, millis: number): string => {
  const time = Math.floor(millis).toString(16).padStart(12, "0")
  return uuid(`${time}${hex(crypto.random(10))}`, 7)
}

/** The namespace of every name-based id below; made once, at random. */
const namespace = Uint8Array.from([
  0x5b, 0x0e, 0x61, 0x8d, 0x3f, 0x24, 0x4c, 0x1a, 0x9e, 0x57, 0xd2, 0x40, 0x7c, 0x93, 0xb6, 0x08
])
const uuidV5 = (crypto: Algorithms, ...name: ReadonlyArray<string>): string =>
  uuid(crypto.sha1(concat(namespace, lengthPrefixed(...name)), "hex"), 5)

/** One decision, one command id. */
export const newCommandId = (crypto: Algorithms, millis: number) => uuidV7(crypto, millis) as CommandId

/** The id of the decision's event number `index`. */
export const eventIdOf = (crypto: Algorithms, command: CommandId, index: number) =>
  uuidV5(crypto, command, String(index)) as EventId

/** A report's id names its event. `step` says what happened in the agent's ledger. */
export const reportIdOf = (crypto: Algorithms, agentCommand: string, attempt: number, step: string) =>
  uuidV5(crypto, agentCommand, String(attempt), step) as EventId

/** Receivers know a delivery again by it. */
export const deliveryIdOf = (crypto: Algorithms, event: EventId, destination: EndpointId | TargetId) =>
  uuidV5(crypto, "delivery", event, destination) as DeliveryId

/** Whoever or whatever a device speaks with, by the first name of theirs that was recorded. */
export const peerIdOf = (crypto: Algorithms, device: DeviceId, name: SubjectId) =>
  uuidV5(crypto, "peer", device, name) as PeerId

/** The step of a report about a device. */
export const deviceReportKey = ({ change, step }: { readonly change: string; readonly step: number }) =>
  `${change} ${step}`

/** The step of a report that tells the number of an account, which is as of the report about the device with that step. */
export const numberReportKey = (asOf: number) => `number ${asOf}`

/** Callers use phone numbers as keys, hence the keyed digest. The pepper is the same in all regions and never rotates. */
export const messageIdOf = (
  crypto: Algorithms,
  pepper: MacKey,
  tenant: TenantId,
  client: ClientId,
  idempotencyKey: string
) => uuid(crypto.mac(pepper, lengthPrefixed("message", tenant, client, idempotencyKey), "hex"), 8) as MessageId

/**
 * Of a fact: where it comes from, and by what the source itself knows it again. `other`: that of a fact under the same
 * name that is not the same.
 */
export const inboundIdOf = (
  crypto: Algorithms,
  pepper: MacKey,
  tenant: TenantId,
  source: readonly [kind: string, account: string],
  identity: ReadonlyArray<string>,
  other = ""
) => uuid(crypto.mac(pepper, lengthPrefixed("inbound", tenant, ...source, ...identity, other), "hex"), 8) as InboundId

/** Of a request of Meta's: the same bytes to the same app are one, whenever they come. */
export const batchIdOf = (crypto: Algorithms, pepper: MacKey, tenant: TenantId, app: MetaApp, bytes: Uint8Array) =>
  uuid(crypto.mac(pepper, concat(lengthPrefixed("batch", tenant, app), bytes), "hex"), 8) as BatchId

/** The same, of a session source. */
export const sessionBatchIdOf = (
  crypto: Algorithms,
  pepper: MacKey,
  tenant: TenantId,
  source: MetaApp,
  bytes: Uint8Array
) => uuid(crypto.mac(pepper, concat(lengthPrefixed("batch", tenant, "session", source), bytes), "hex"), 8) as BatchId

/** Of bytes as they came from outside: who has the pepper can tell whether others are the same. */
export const rawDigestOf = (crypto: Algorithms, pepper: MacKey, tenant: TenantId, bytes: Uint8Array): string =>
  crypto.mac(pepper, concat(lengthPrefixed("raw", tenant), bytes), "base64url")

/** Of an endpoint that is made without a request, by what it is made of. */
export const endpointIdOf = (crypto: Algorithms, pepper: MacKey, tenant: TenantId, origin: string) =>
  uuid(crypto.mac(pepper, lengthPrefixed("endpoint", tenant, origin), "hex"), 8) as EndpointId

/** `what` it is to make: a key names one request for each. */
export const requestIdOf = (
  crypto: Algorithms,
  pepper: MacKey,
  tenant: TenantId,
  client: ClientId,
  what: string,
  idempotencyKey: string
) => uuid(crypto.mac(pepper, lengthPrefixed("request", tenant, client, what, idempotencyKey), "hex"), 8) as RequestId

/** `kind` and `identity` name a person or thing: `phone` and an E.164 number, say. */
export const subjectIdOf = (crypto: Algorithms, pepper: MacKey, tenant: TenantId, kind: string, identity: string) =>
  crypto.mac(pepper, lengthPrefixed("subject", tenant, kind, identity), "base64url") as SubjectId

export const contentDigestOf = (crypto: Algorithms, pepper: MacKey, canonicalJson: string): string =>
  crypto.mac(pepper, utf8(canonicalJson), "base64url")

export const newWaMessageId = (crypto: Algorithms) => `3EB0${hex(crypto.random(9)).toUpperCase()}` as WaMessageId
