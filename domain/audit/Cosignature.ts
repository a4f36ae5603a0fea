import { Effect } from "effect"
import { concat, utf8 } from "../Bytes.ts"
import type { Crypto } from "../ports/Crypto.ts"
import { type Note, type NoteKey, type NoteSignature, type NoteSigner, noteKeyId, signaturesOf } from "./Note.ts"

/**
 * C2SP tlog-cosignature, version 1: a witness says that at this time the head was the newest it had seen of the log, and
 * that it continued every one before. Keys and signers here are of type `cosignature`.
 */

const timeBytes = 8
const signatureBytes = 64

const signed = (text: string, seconds: number) => utf8(`cosignature/v1\ntime ${seconds}\n${text}`)

const timeOf = (seconds: number): Uint8Array => {
  const bytes = new Uint8Array(timeBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds))
  return bytes
}

/** `text` is that of the note, all of it; `seconds` since 1970. */
export const cosign = (
  crypto: Crypto["Service"],
  { key, ...own }: NoteSigner,
  text: string,
  seconds: number
): Effect.Effect<NoteSignature> =>
  Effect.map(crypto.sign(key, signed(text, seconds)), (signature) => ({
    name: own.name,
    keyId: noteKeyId(crypto, own),
    signature: concat(timeOf(seconds), signature)
  }))

/** When it was made, in seconds since 1970, as it says itself; `undefined` for what is none. */
export const cosignedAt = ({ signature }: Pick<NoteSignature, "signature">): number | undefined => {
  if (signature.length !== timeBytes + signatureBytes) return undefined
  const seconds = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))
  return Number.isSafeInteger(seconds) ? seconds : undefined
}

/** Whether this signature is the witness' word for the text. */
const isCosignature = (crypto: Crypto["Service"], text: string, { publicKey }: NoteKey, one: NoteSignature) => {
  const seconds = cosignedAt(one)
  if (seconds === undefined) return Effect.succeed(false)
  const bytes = one.signature.subarray(timeBytes)
  return crypto.verify(crypto.verifyingKey(publicKey), signed(text, seconds), bytes)
}

/** When the witness last cosigned this note, in seconds since 1970; `undefined`: never, or something under its name is forged. */
export const cosignedBy = (
  crypto: Crypto["Service"],
  note: Note,
  witness: NoteKey
): Effect.Effect<number | undefined> => {
  const own = signaturesOf(crypto, note, witness)
  return Effect.map(
    Effect.forEach(own, (one) => isCosignature(crypto, note.text, witness, one)),
    (answers) =>
      own.length > 0 && answers.every(Boolean) ? Math.max(...own.map((one) => cosignedAt(one)!)) : undefined
  )
}
