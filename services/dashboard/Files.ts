import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { extname, join } from "node:path"

/** The pages as they were built, read when they are asked for: a gateway whose dashboard nobody opens holds none of them. */

export interface Found {
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** No name begins with a dot, so none leads out of the folder. */
const fileName = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/
const index = "index.html"
/** Named by what is in them. */
const named = /^assets\//
/** Stands in the page where it is told under which nonce its styles are taken. */
const placeholder = "__CSP_NONCE__"

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2"
}
const packings = [
  ["br", ".br"],
  ["gzip", ".gz"]
] as const

/**
 * Everything is the gateway's own, and nothing is written into the page but by its scripts; styles that these make carry
 * the page's nonce. No page may show it in a frame, and no form leads anywhere.
 */
const policyOf = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")

const guarded = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

const read = async (file: string): Promise<Uint8Array | undefined> => {
  try {
    return await readFile(file)
  } catch {
    return undefined
  }
}

/** The first folder that holds the pages. */
export const placeOf = (folders: ReadonlyArray<string>): string | undefined =>
  folders.find((folder) => existsSync(join(folder, index)))

/** The page itself, under a nonce of its own each time. */
export const pageIn = async (folder: string): Promise<Found | undefined> => {
  const bytes = await read(join(folder, index))
  if (bytes === undefined) return undefined
  const nonce = randomBytes(16).toString("base64")
  const html = Buffer.from(bytes).toString("utf8").replaceAll(placeholder, nonce)
  const headers = { ...guarded, "cache-control": "no-store", "content-security-policy": policyOf(nonce) }
  return { bytes: Buffer.from(html), headers: { ...headers, "content-type": types[".html"]! } }
}

/** A file beside it, in the smallest form that is there and taken. `undefined` for none, and for what is no file of the pages. */
export const fileIn = async (folder: string, name: string, acceptEncoding: string): Promise<Found | undefined> => {
  const type = types[extname(name)]
  if (!fileName.test(name) || type === undefined || name === index) return undefined
  const headers = {
    ...guarded,
    "cache-control": named.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
    "content-type": type,
    vary: "Accept-Encoding"
  }
  for (const [packing, suffix] of packings) {
    if (!new RegExp(`\\b${packing}\\b`).test(acceptEncoding)) continue
    const packed = await read(join(folder, `${name}${suffix}`))
    if (packed !== undefined) return { bytes: packed, headers: { ...headers, "content-encoding": packing } }
  }
  const bytes = await read(join(folder, name))
  return bytes && { bytes, headers }
}
