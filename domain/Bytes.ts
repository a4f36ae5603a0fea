const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Short arrays are cut from one allocation: a message makes a hundred of them, and each of its own costs a microsecond. */
const slabBytes = 64 * 1024
let slab = new Uint8Array(slabBytes)
let used = 0
const allocate = (length: number): Uint8Array => {
  if (length > slabBytes / 16) return new Uint8Array(length)
  if (used + length > slabBytes) {
    slab = new Uint8Array(slabBytes)
    used = 0
  }
  used += length
  return slab.subarray(used - length, used)
}

export const utf8 = (text: string): Uint8Array => {
  if (text.length > slabBytes / 16 || !isAscii(text)) return encoder.encode(text)
  const bytes = allocate(text.length)
  encoder.encodeInto(text, bytes)
  return bytes
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text)

/** Throws on bytes that are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

export const base64url = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: "base64url", omitPadding: true })
/** Throws on anything but base64url. */
export const fromBase64url = (text: string): Uint8Array => Uint8Array.fromBase64(text, { alphabet: "base64url" })
export const hex = (bytes: Uint8Array): string => bytes.toHex()

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
  if (isAscii(text)) return utf8(text)
  return encoder.encode(parts.map((part) => `${encoder.encode(part).length}:${part}`).join(""))
}
