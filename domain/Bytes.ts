const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Uint8Array => encoder.encode(text)
/** Throws on bytes that are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

export const base64url = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: "base64url", omitPadding: true })
/** Throws on anything but base64url. */
export const fromBase64url = (text: string): Uint8Array => Uint8Array.fromBase64(text, { alphabet: "base64url" })
export const hex = (bytes: Uint8Array): string => bytes.toHex()

export const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
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
  for (const part of parts) text += `${utf8Length(part)}:${part}`
  return utf8(text)
}

const utf8Length = (text: string): number => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text) ? text.length : utf8(text).length
}
