import { fromHex } from "#domain/Bytes.ts"
import type { Crypto, MacKey } from "#domain/ports/Crypto.ts"

export const header = "x-hub-signature-256"

const written = /^sha256=([0-9a-f]{64})$/

/** The code that a header says; `undefined` when it cannot be one. */
export const codeIn = (value: string | undefined): Uint8Array | undefined => {
  const found = value === undefined ? null : written.exec(value)
  return found === null ? undefined : fromHex(found[1]!)
}

/** Whether the bytes, as they were received, are signed with one of the app's secrets: two while one takes over. */
export const isSigned = (
  crypto: Pick<Crypto["Service"], "equal" | "mac">,
  secrets: ReadonlyArray<MacKey>,
  bytes: Uint8Array,
  code: Uint8Array
): boolean => secrets.some((secret) => crypto.equal(fromHex(crypto.mac(secret, bytes, "hex")), code))
