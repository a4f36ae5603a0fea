import type { Members } from "../api/Problems.ts"

type Headers = Readonly<Record<string, string | undefined>>

const encoded = { detail: "The body must not be compressed: there is no Content-Encoding that is understood." }
const foreign = { detail: "The body must be in UTF-8: there is no other charset that is understood." }
const packed = { detail: "The body is compressed. It must not be, whether Content-Encoding says so or not." }

/**
 * Why a body with these headers is not read at all, if so: what is announced as something else than JSON in UTF-8 is not
 * taken for it where the bytes happen to fit.
 */
export const obstacleTo = (headers: Headers): Members | undefined => {
  const { "content-encoding": coding, "content-type": type } = headers
  if (coding !== undefined && coding.toLowerCase() !== "identity") return encoded
  if (type === "application/json") return undefined
  const [essence = "", ...parameters] = (type ?? "").split(";").map((part) => part.trim().toLowerCase())
  if (essence !== "application/json") return {}
  return parameters.every(isUnderstood) ? undefined : foreign
}

/** JSON has no parameters (RFC 8259): what they say makes no difference, unless it says that the text is another one. */
const isUnderstood = (parameter: string): boolean =>
  !parameter.startsWith("charset") || /^charset="?(?:utf-?8|us-ascii)"?$/.test(parameter)

/** Why bytes that are no text are not read, if nothing has announced it: they begin as gzip or Zstandard do. */
export const obstacleIn = ([first, second]: Uint8Array): Members | undefined =>
  (first === 0x1f && second === 0x8b) || (first === 0x28 && second === 0xb5) ? packed : undefined
