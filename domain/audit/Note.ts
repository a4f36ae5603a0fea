import { Effect } from "effect"
import { concat, hex, utf8 } from "../Bytes.ts"
import type { Crypto, SigningKey } from "../ports/Crypto.ts"

/** C2SP signed-note: a text, and under it a line for each key that signed it. */

/** What a key signs, which is part of its id: the text itself, or that a witness has seen it (`Cosignature.ts`). */
export const signatureTypes = { ed25519: 1, cosignature: 4 } as const
export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes]

/** Who signs, under a name without spaces and plus signs; `publicKey` is 32 bytes. */
export interface NoteKey {
  readonly name: string
  readonly type: SignatureType
  readonly publicKey: Uint8Array
}
export interface NoteSigner extends NoteKey {
  readonly key: SigningKey
}

/** A line under a note. Only name and id together say which key it may be of. */
export interface NoteSignature {
  readonly name: string
  /** Eight hexadecimal digits. */
  readonly keyId: string
  readonly signature: Uint8Array
}

export interface Note {
  /** With the line break at its end. */
  readonly text: string
  readonly signatures: ReadonlyArray<NoteSignature>
}

type Algorithms = Pick<Crypto["Service"], "sha256" | "sign" | "verify" | "verifyingKey">

const idBytes = 4
const longestNote = 64 * 1024
const mostSignatures = 100

/** Also what Unicode counts as a space. */
const isName = (name: string) => /^[^\s+\p{Z}\p{Cc}]+$/u.test(name)

export const noteKeyId = ({ sha256 }: Pick<Algorithms, "sha256">, { name, publicKey, type }: NoteKey): string =>
  hex(sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, idBytes))

/** As keys are handed around: `<name>+<key id>+<type and key in Base64>`. */
export const verifierKey = (crypto: Pick<Algorithms, "sha256">, key: NoteKey): string =>
  `${key.name}+${noteKeyId(crypto, key)}+${concat(Uint8Array.of(key.type), key.publicKey).toBase64()}`

/** `undefined` for what is no key of a type known here, or not under its own id. */
export const noteKeyIn = (crypto: Pick<Algorithms, "sha256">, text: string): NoteKey | undefined => {
  const [name = "", keyId, ...rest] = text.split("+")
  const bytes = strictBase64(rest.join("+")) // Base64 has plus signs of its own
  if (!isName(name) || bytes?.length !== 33) return undefined
  const type = Object.values(signatureTypes).find((known) => known === bytes[0])
  if (type === undefined) return undefined
  const key = { name, type, publicKey: bytes.subarray(1) }
  return noteKeyId(crypto, key) === keyId ? key : undefined
}

/** Only the one spelling that Base64 has for bytes. */
const strictBase64 = (text: string): Uint8Array | undefined => {
  try {
    const bytes = Uint8Array.fromBase64(text)
    return bytes.toBase64() === text ? bytes : undefined
  } catch {
    return undefined
  }
}

export const signatureLine = ({ keyId, name, signature }: NoteSignature): string =>
  `— ${name} ${concat(Uint8Array.fromHex(keyId), signature).toBase64()}\n`

/** The note as it is handed around. */
export const noteText = ({ signatures, text }: Note): string => `${text}\n${signatures.map(signatureLine).join("")}`

/** `undefined` for what is no note. Whether anything of it is true, its signatures say. */
export const noteIn = (noteAndSignatures: string): Note | undefined => {
  if (noteAndSignatures.length > longestNote || !isPlain(noteAndSignatures)) return undefined
  const end = noteAndSignatures.lastIndexOf("\n\n")
  if (end < 0) return undefined
  const lines = noteAndSignatures.slice(end + 2).split("\n")
  if (lines.pop() !== "" || lines.length === 0 || lines.length > mostSignatures) return undefined
  const signatures: Array<NoteSignature> = []
  for (const line of lines) {
    const signature = signatureIn(line)
    if (signature === undefined) return undefined
    signatures.push(signature)
  }
  return { text: noteAndSignatures.slice(0, end + 1), signatures }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note must not hold
const isPlain = (text: string) => text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text)

/** One line, without its line break. */
export const signatureIn = (line: string): NoteSignature | undefined => {
  const [dash, name = "", base64 = "", ...more] = line.split(" ")
  if (dash !== "—" || !isName(name) || more.length > 0) return undefined
  const bytes = strictBase64(base64)
  if (bytes === undefined || bytes.length <= idBytes) return undefined
  return { name, keyId: hex(bytes.subarray(0, idBytes)), signature: bytes.subarray(idBytes) }
}

/** A signature of type Ed25519: of the text itself. */
export const signNote = (crypto: Algorithms, { key, ...own }: NoteSigner, text: string): Effect.Effect<NoteSignature> =>
  Effect.map(crypto.sign(key, utf8(text)), (signature) => ({
    name: own.name,
    keyId: noteKeyId(crypto, own),
    signature
  }))

/** The signatures that are said to be this key's. */
export const signaturesOf = (crypto: Pick<Algorithms, "sha256">, { signatures }: Note, key: NoteKey) => {
  const keyId = noteKeyId(crypto, key)
  return signatures.filter((one) => one.name === key.name && one.keyId === keyId)
}

/** Whether this key, of type Ed25519, signed the note. Nothing else that is said to be of it may be wrong. */
export const isSignedBy = (crypto: Algorithms, note: Note, key: NoteKey): Effect.Effect<boolean> => {
  const own = signaturesOf(crypto, note, key)
  if (key.type !== signatureTypes.ed25519 || own.length === 0) return Effect.succeed(false)
  const verifying = crypto.verifyingKey(key.publicKey)
  const text = utf8(note.text)
  return Effect.map(
    Effect.forEach(own, ({ signature }) => crypto.verify(verifying, text, signature)),
    (answers) => answers.every(Boolean)
  )
}
