import { Effect, Schema } from "effect"
import { concat, fromUtf8, hex, lengthPrefixed, utf8 } from "../Bytes.ts"
import type { Crypto, SigningKey, VerifyingKey } from "../ports/Crypto.ts"
import * as MerkleBatch from "./MerkleBatch.ts"

type Algorithms = Crypto["Service"]

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

/** An `attempt` counts from 1, and there is one way to write it. */
export const isAttempt = (attempt: string): boolean => /^[1-9]\d{0,8}$/.test(attempt)

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
export const signBatch = (crypto: Algorithms, key: SigningKey, signed: ReadonlyArray<Uint8Array>) => {
  const levels = MerkleBatch.levelsOf(crypto.sha256, signed)
  return Effect.map(crypto.sign(key, batchStatement(MerkleBatch.topOf(levels), signed.length)), (signature) =>
    signed.map((bytes, i) => encodeEnvelope(bytes, MerkleBatch.proofOf(levels, i), signature))
  )
}

const batchStatement = (root: Uint8Array, count: number) =>
  concat(lengthPrefixed("homing/batch/1", String(count)), root)

const encodeEnvelope = (signed: Uint8Array, { count, index, path }: MerkleBatch.Proof, signature: Uint8Array) => {
  const bytes = new Uint8Array(fixed + path.length + signed.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, version)
  view.setUint32(1, signed.length)
  view.setUint16(5, index)
  view.setUint16(7, count)
  bytes.set(signature, 9)
  bytes.set(path, fixed)
  bytes.set(signed, fixed + path.length)
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
  const end = fixed + MerkleBatch.pathLength(index, count) * 32
  if (bytes.length !== end + length) return "malformed"
  return {
    bytes,
    signed: bytes.subarray(end),
    proof: { index, count, path: bytes.subarray(fixed, end) },
    signature: bytes.subarray(9, fixed)
  }
}

/** Reads signed bytes back; `undefined` unless they are exactly one pre-authentication encoding. */
export const decodeSigned = (signed: Uint8Array): Unsigned | undefined => {
  const places: Array<readonly [from: number, to: number]> = []
  let offset = 0
  while (places.length <= headerFields.length) {
    const place = fieldAt(signed, offset)
    if (place === undefined) return undefined
    places.push(place)
    offset = place[1]
  }
  const payload = places.pop()!
  if (offset !== signed.length) return undefined
  const end = places.at(-1)![1]
  try {
    const text = fromUtf8(signed.subarray(0, end))
    const ascii = text.length === end // then bytes and characters have the same places
    const header: Record<string, string> = {}
    for (const [i, [from, to]] of places.entries()) {
      if (to - from > 256) return undefined
      header[headerFields[i]!] = ascii ? text.slice(from, to) : fromUtf8(signed.subarray(from, to))
    }
    return { header: header as Header, payload: signed.subarray(...payload) }
  } catch {
    return undefined // not UTF-8
  }
}

/** Where the field whose length stands at `offset` begins and ends. */
const fieldAt = (signed: Uint8Array, offset: number): readonly [from: number, to: number] | undefined => {
  let length = 0
  for (let i = offset; i < signed.length && i <= offset + 7; i++) {
    const digit = signed[i]! - 48
    if (digit === 10 && i > offset) return i + 1 + length <= signed.length ? [i + 1, i + 1 + length] : undefined
    if (digit < 0 || digit > 9 || (length === 0 && i > offset)) return undefined // one way to write a number
    length = length * 10 + digit
  }
  return undefined
}

/**
 * Verifies envelopes that arrived together, each with its own answer, in order. Those that left under one signature cost
 * one verification. `keyOf` finds the pinned key of a key id; an unknown one is refused.
 */
export const verifyBatch = Effect.fnUntraced(function* (
  crypto: Algorithms,
  keyOf: (keyId: string) => VerifyingKey | undefined,
  envelopes: ReadonlyArray<Uint8Array>
) {
  const answers: Array<Verified | EnvelopeRefused> = []
  const claims = new Map<string, Array<Claim>>()
  for (const [place, bytes] of envelopes.entries()) {
    const opened = decodeEnvelope(bytes)
    const content = typeof opened === "string" ? undefined : decodeSigned(opened.signed)
    const key = content && keyOf(content.header.keyId)
    if (typeof opened === "string" || content === undefined || key === undefined) {
      const reason = typeof opened === "string" ? opened : content === undefined ? "malformed" : "unknown_key"
      answers[place] = new EnvelopeRefused({ reason })
      continue
    }
    const name = `${content.header.keyId} ${opened.proof.count} ${hex(opened.signature)}`
    const together = claims.get(name)
    const claim = { ...opened, place, key, verified: { ...content, bytes } }
    if (together === undefined) claims.set(name, [claim])
    else together.push(claim)
  }
  for (const together of claims.values()) {
    for (const { root, under } of rootsOf(crypto.sha256, together)) {
      const { key, proof, signature } = under[0]!
      const holds = yield* crypto.verify(key, batchStatement(root, proof.count), signature)
      for (const { place, verified } of under) {
        answers[place] = holds ? verified : new EnvelopeRefused({ reason: "bad_signature" })
      }
    }
  }
  return answers
})

/** An envelope that is well formed and names a known key. */
interface Claim extends Opened {
  readonly place: number
  readonly key: VerifyingKey
  readonly verified: Verified
}

interface Rooted {
  readonly root: Uint8Array
  readonly under: ReadonlyArray<Claim>
}

/** The roots that claims of one signature lead to: one, unless somebody lies. */
const rootsOf = (hash: Algorithms["sha256"], claims: ReadonlyArray<Claim>): Iterable<Rooted> => {
  const whole = wholeBatch(hash, claims)
  if (whole !== undefined) return [whole]
  const found = new Map<string, { readonly root: Uint8Array; readonly under: Array<Claim> }>()
  for (const claim of claims) {
    const root = MerkleBatch.rootOf(hash, claim.signed, claim.proof)
    const name = hex(root)
    const same = found.get(name)
    if (same === undefined) found.set(name, { root, under: [claim] })
    else same.under.push(claim)
  }
  return found.values()
}

/** A batch that arrived complete and in order, as it usually does: its tree is built once, and every proof compared. */
const wholeBatch = (hash: Algorithms["sha256"], claims: ReadonlyArray<Claim>): Rooted | undefined => {
  if (claims.length < 2 || claims.length !== claims[0]!.proof.count) return undefined
  if (claims.some(({ proof }, i) => proof.index !== i)) return undefined
  const levels = MerkleBatch.levelsOf(
    hash,
    claims.map(({ signed }) => signed)
  )
  const holds = claims.every(({ proof }) => MerkleBatch.isProofIn(levels, proof))
  return holds ? { root: MerkleBatch.topOf(levels), under: claims } : undefined
}
