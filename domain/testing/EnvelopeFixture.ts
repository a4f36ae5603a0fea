import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { utf8 } from "../Bytes.ts"
import {
  EnvelopeRefused,
  encodeUnsigned,
  type Header,
  signBatch,
  type Unsigned,
  verifyBatch
} from "../wire/Envelope.ts"
import type { AgentCommand, AgentReport } from "../wire/Protocol.ts"

export const { key, publicKey } = crypto.signingKey(new Uint8Array(32).fill(7))
const verifying = crypto.verifyingKey(publicKey)
export const keyOf = (keyId: string) => (keyId === "gateway-1" ? verifying : undefined)

export const header: Header = {
  direction: "homing/command/1",
  keyId: "gateway-1",
  tenant: "default",
  agent: "home",
  device: "0196f3c0-0000-7000-8000-000000000001",
  lane: "homing.commands.home",
  subject: "S".repeat(43),
  commandId: "0196f3c0-0000-5000-8000-000000000002",
  attempt: "1",
  position: "42",
  epoch: "store:0",
  issuedAt: "2030-01-01T00:00:00.000Z",
  expiresAt: "2030-01-02T00:00:00.000Z"
}
export const encodePayload = (payload: AgentCommand | AgentReport) => utf8(JSON.stringify(payload))
export const unsigned = (fields: Partial<Header> = {}, payload = utf8('{"kind":"send"}')): Unsigned => ({
  header: { ...header, ...fields },
  payload
})
export const numbered = (count: number) => Array.from({ length: count }, (_, i) => unsigned({ position: String(i) }))
export const sign = (items: ReadonlyArray<Unsigned>, by = key) => signBatch(crypto, by, items.map(encodeUnsigned))
export const verify = (envelopes: ReadonlyArray<Uint8Array>, keys = keyOf) => verifyBatch(crypto, keys, envelopes)
export const reasonOf = (answer: unknown) => (answer instanceof EnvelopeRefused ? answer.reason : "accepted")
export const acceptedOf = (answers: ReadonlyArray<unknown>) =>
  answers.filter((_) => !(_ instanceof EnvelopeRefused)).length

export const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
