import { Effect, Schema } from "effect"
import { concat, fromUtf8, hex, lengthPrefixed, utf8 } from "../Bytes.ts"
import type { Crypto, SigningKey, VerifyingKey } from "../ports/Crypto.ts"
import * as MerkleBatch from "./MerkleBatch.ts"

type Primitives = Crypto["Service"]

/** Which way the bytes go. Part of what is signed: a report can never pass for a command. */
export const Direction = Schema.Literals(["homing/command/1", "homing/report/1"])
export type Direction = typeof Direction.Type

/** Everything a signature binds besides the payload, in the order in which it is signed. */
const headerFields = [
  "direction",
  "keyId",
  "tenant",
  "agent",
  "device",
  "lane",
  "subject",
  "commandId",
  "attempt",
  "position",
  "epoch",
  "issuedAt",
  "expiresAt"
] as const

/** All texts. `device` and `subject` are `-` where there is none; times are instants; the rest is as in the ledger. */
export type Header = { readonly [K in (typeof headerFields)[number]]: string }

export interface Unsigned {
  readonly header: Header
  readonly payload: Uint8Array
}

/** An envelope whose signature holds. `bytes` are the whole of it: the evidence. */
export interface Verified extends Unsigned {
  readonly bytes: Uint8Array
}

export class EnvelopeRefused extends Schema.TaggedError<EnvelopeRefused>()("EnvelopeRefused", {
  reason: Schema.Literals(["malformed", "too_large", "unknown_key", "bad_signature"])
}) {}

/** Room for the longest content, every character of it escaped, encrypted and in base64. */
export const maxEnvelopeBytes = 640 * 1024

/** Pre-authentication encoding: the exact bytes that are signed. */
export const encodeUnsigned = ({ header, payload }: Unsigned): Uint8Array =>
  concat(lengthPrefixed(...headerFields.map((name) => header[name])), utf8(`${payload.length}:`), payload)

const version = 1
const fixed = 1 + 4 + 2 + 2 + 64

/** One signature over all of them; each comes back as an envelope that is provable alone. */
export const signBatch = (crypto: Primitives, key: SigningKey, signed: ReadonlyArray<Uint8Array>) => {
  const { proofs, root } = MerkleBatch.tree(crypto.sha256, signed)
  return Effect.map(crypto.sign(key, batchStatement(root, signed.length)), (signature) =>
    proofs.map((proof, i) => encodeEnvelope(signed[i]!, proof, signature))
  )
}

const batchStatement = (root: Uint8Array, count: number) =>
  concat(lengthPrefixed("homing/batch/1", String(count)), root)

const encodeEnvelope = (signed: Uint8Array, { count, index, path }: MerkleBatch.Proof, signature: Uint8Array) => {
  const bytes = new Uint8Array(fixed + signed.length + path.length * 32)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, version)
  view.setUint32(1, signed.length)
  view.setUint16(5, index)
  view.setUint16(7, count)
  bytes.set(signature, 9)
  for (const [i, sibling] of path.entries()) bytes.set(sibling, 73 + i * 32)
  bytes.set(signed, 73 + path.length * 32)
  return bytes
}

interface Opened {
  readonly bytes: Uint8Array
  readonly signed: Uint8Array
  readonly proof: MerkleBatch.Proof
  readonly signature: Uint8Array
}

const decodeEnvelope = (bytes: Uint8Array): Opened | "malformed" | "too_large" => {
  if (bytes.length > maxEnvelopeBytes) return "too_large"
  if (bytes.length < fixed) return "malformed"
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.getUint32(1)
  const index = view.getUint16(5)
  const count = view.getUint16(7)
  if (view.getUint8(0) !== version || count < 1 || count > MerkleBatch.maxBatch || index >= count) return "malformed"
  const siblings = MerkleBatch.pathLength(index, count)
  if (bytes.length !== fixed + siblings * 32 + length) return "malformed"
  const path = Array.from({ length: siblings }, (_, i) => bytes.subarray(73 + i * 32, 105 + i * 32))
  return {
    bytes,
    signed: bytes.subarray(73 + siblings * 32),
    proof: { index, count, path },
    signature: bytes.subarray(9, 73)
  }
}

/** Reads the signed bytes back; `undefined` unless they are exactly one pre-authentication encoding. */
const decodeSigned = (signed: Uint8Array): Unsigned | undefined => {
  const header: Record<string, string> = {}
  let offset = 0
  const next = (): Uint8Array | undefined => {
    const colon = signed.indexOf(58, offset)
    if (colon < 0 || colon === offset || colon - offset > 7) return undefined
    let length = 0
    for (let i = offset; i < colon; i++) {
      const digit = signed[i]! - 48
      if (digit < 0 || digit > 9 || (length === 0 && i > offset)) return undefined // one way to write a number
      length = length * 10 + digit
    }
    if (colon + 1 + length > signed.length) return undefined
    offset = colon + 1 + length
    return signed.subarray(colon + 1, offset)
  }
  for (const name of headerFields) {
    const field = next()
    if (field === undefined || field.length > 256) return undefined
    try {
      header[name] = fromUtf8(field)
    } catch {
      return undefined
    }
  }
  const payload = next()
  return payload === undefined || offset !== signed.length ? undefined : { header: header as Header, payload }
}

/**
 * Verifies envelopes that arrived together, each with its own answer, in order. Those that left under one signature cost
 * one verification. `keyOf` finds the pinned key of a key id; an unknown one is refused.
 */
export const verifyBatch = Effect.fnUntraced(function* (
  crypto: Primitives,
  keyOf: (keyId: string) => VerifyingKey | undefined,
  envelopes: ReadonlyArray<Uint8Array>
) {
  const verdicts = new Map<string, boolean>()
  const answers: Array<Verified | EnvelopeRefused> = []
  for (const bytes of envelopes) {
    const opened = decodeEnvelope(bytes)
    if (typeof opened === "string") {
      answers.push(new EnvelopeRefused({ reason: opened }))
      continue
    }
    const content = decodeSigned(opened.signed)
    const key = content && keyOf(content.header.keyId)
    if (content === undefined || key === undefined) {
      answers.push(new EnvelopeRefused({ reason: content === undefined ? "malformed" : "unknown_key" }))
      continue
    }
    const root = MerkleBatch.rootOf(crypto.sha256, opened.signed, opened.proof)
    const statement = batchStatement(root, opened.proof.count)
    const name = `${content.header.keyId} ${hex(statement)} ${hex(opened.signature)}`
    let holds = verdicts.get(name)
    if (holds === undefined) {
      holds = yield* crypto.verify(key, statement, opened.signature)
      verdicts.set(name, holds)
    }
    answers.push(holds ? { ...content, bytes } : new EnvelopeRefused({ reason: "bad_signature" }))
  }
  return answers
})
