import { concat } from "#domain/Bytes.ts"
import type { CipherKey, Crypto } from "#domain/ports/Crypto.ts"

const ivLength = 12

/** Encrypted columns: nonce and box in one blob, bound to their row by the associated data. */
export const sealedBlobs = (crypto: Crypto["Service"], key: CipherKey) => ({
  seal: (plaintext: Uint8Array, associated: Uint8Array): Uint8Array => {
    const { box, iv } = crypto.encrypt(key, plaintext, associated)
    return concat(iv, box)
  },

  /** Throws when the blob was not sealed under this key for this row. */
  open: (blob: Uint8Array, associated: Uint8Array): Uint8Array => {
    const plaintext = crypto.decrypt(key, { iv: blob.subarray(0, ivLength), box: blob.subarray(ivLength) }, associated)
    if (plaintext === undefined) throw new Error("a stored value does not open: it is damaged or of another secret")
    return plaintext
  }
})

export type SealedBlobs = ReturnType<typeof sealedBlobs>
