const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Short arrays are cut from one allocation: a message makes a hundred of them, and each of its own costs a microsecond. */
const slabBytes = 64 * 1024
const longest = slabBytes / 16
let slab = new Uint8Array(slabBytes)
let used = 0
const makeRoom = (length: number): void => {
  if (used + length <= slabBytes) return
  slab = new Uint8Array(slabBytes)
  used = 0
}
const take = (length: number): Uint8Array => {
  used += length
  return slab.subarray(used - length, used)
}
const allocate = (length: number): Uint8Array => {
  if (length > longest) return new Uint8Array(length)
  makeRoom(length)
  return take(length)
}

export const utf8 = (text: string): Uint8Array => {
  const most = text.length * 3 // bytes in UTF-8 of what is one unit in UTF-16
  if (most > longest) return encoder.encode(text)
  makeRoom(most)
  return take(encoder.encodeInto(text, slab.subarray(used, used + most)).written)
}

/** Throws on bytes that are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

export const base64url = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: "base64url", omitPadding: true })
/** Throws on anything but base64url. */
export const fromBase64url = (text: string): Uint8Array => Uint8Array.fromBase64(text, { alphabet: "base64url" })
export const hex = (bytes: Uint8Array): string => bytes.toHex()
/** Of an even number of digits. Throws on anything else. */
export const fromHex = (digits: string): Uint8Array => {
  const bytes = allocate(digits.length / 2)
  bytes.setFromHex(digits)
  return bytes
}

export const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const whole = allocate(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/**
 * Texts joined so that no two different lists give the same bytes: each behind its length in UTF-8 bytes, in decimal
 * and a colon (`3:abc0:`). Whatever is hashed, signed or authenticated here is joined this way.
 */
export const lengthPrefixed = (...parts: ReadonlyArray<string>): Uint8Array => {
  let text = ""
  for (const part of parts) text += `${part.length}:${part}`
  const bytes = utf8(text)
  if (bytes.length === text.length) return bytes // ASCII throughout, so the lengths are those of the bytes
  return encoder.encode(parts.map((part) => `${encoder.encode(part).length}:${part}`).join(""))
}
