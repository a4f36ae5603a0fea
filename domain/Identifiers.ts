import { base64url, concat, hex, lengthPrefixed, utf8 } from "./Bytes.ts"
import type { ClientId, CommandId, EventId, MessageId, SubjectId, TenantId, WaMessageId } from "./Ids.ts"
import type { Crypto, MacKey } from "./ports/Crypto.ts"

type Primitives = Crypto["Service"]

/** How ids are made. Events are for ever, so these derivations never change. */

const uuid = (bytes: Uint8Array, version: number): string => {
  const b = bytes.slice(0, 16)
  b[6] = (b[6]! & 0x0f) | (version << 4)
  b[8] = (b[8]! & 0x3f) | 0x80
  const h = hex(b)
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
}

/** RFC 9562 version 7: `millis` since 1970, then random. */
export const uuidV7 = (crypto: Primitives, millis: number): string => {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, Math.floor(millis / 2 ** 32))
  view.setUint32(2, millis % 2 ** 32)
  bytes.set(crypto.random(10), 6)
  return uuid(bytes, 7)
}

/** The namespace of every name-based id below; made once, at random. */
const namespace = Uint8Array.from([
  0x5b, 0x0e, 0x61, 0x8d, 0x3f, 0x24, 0x4c, 0x1a, 0x9e, 0x57, 0xd2, 0x40, 0x7c, 0x93, 0xb6, 0x08
])
const uuidV5 = (crypto: Primitives, ...name: ReadonlyArray<string>): string =>
  uuid(crypto.sha1(concat(namespace, lengthPrefixed(...name))), 5)

/** One decision, one command id. */
export const newCommandId = (crypto: Primitives, millis: number) => uuidV7(crypto, millis) as CommandId

/** The id of the decision's event number `index`. */
export const eventIdOf = (crypto: Primitives, command: CommandId, index: number) =>
  uuidV5(crypto, command, String(index)) as EventId

/** A report's id names its event. `step` says what happened in the agent's ledger. */
export const reportIdOf = (crypto: Primitives, agentCommand: string, attempt: number, step: string) =>
  uuidV5(crypto, agentCommand, String(attempt), step) as EventId

/** Callers use phone numbers as keys, hence the keyed digest. The pepper is the same in all regions and never rotates. */
export const messageIdOf = (
  crypto: Primitives,
  pepper: MacKey,
  tenant: TenantId,
  client: ClientId,
  idempotencyKey: string
) => uuid(crypto.mac(pepper, lengthPrefixed("message", tenant, client, idempotencyKey)), 8) as MessageId

/** `kind` and `identity` name a person or thing: `phone` and an E.164 number, say. */
export const subjectIdOf = (crypto: Primitives, pepper: MacKey, tenant: TenantId, kind: string, identity: string) =>
  base64url(crypto.mac(pepper, lengthPrefixed("subject", tenant, kind, identity))) as SubjectId

export const contentDigestOf = (crypto: Primitives, pepper: MacKey, canonicalJson: string): string =>
  base64url(crypto.mac(pepper, utf8(canonicalJson)))

export const newWaMessageId = (crypto: Primitives) => `3EB0${hex(crypto.random(9)).toUpperCase()}` as WaMessageId
