import type { Members } from "../api/Problems.ts"
import { contextOf, type Key } from "./RequestContext.ts"

const unprotected = "no key was sent: had this answer been lost, a repeat would have been another request"

/** The header of requests and answers. */
export const idempotencyKey = "idempotency-key"

/** The key of a request; remembered, for whatever answer the request comes to. */
export const keyOf = (request: object, sent: string | undefined): Key => {
  const key = sent === undefined ? newKey() : readKey(sent)
  contextOf(request).key = key
  return key
}

const newKey = (): Key => {
  const value = globalThis.crypto.randomUUID()
  return { value, written: value, made: true }
}

/** With quotes it is a string of RFC 9651, and names the same request as without. */
const readKey = (sent: string): Key =>
  sent.startsWith('"')
    ? { value: sent.slice(1, -1).replace(/\\(.)/g, "$1"), written: sent, former: sent, made: false }
    : { value: sent, written: sent, made: false }

export const keyHeadersOf = (request: object): Record<string, string> | undefined => {
  const { key } = contextOf(request)
  if (key === undefined) return undefined
  const headers = { [idempotencyKey]: key.written }
  return key.made ? { ...headers, "idempotency-warning": unprotected } : headers
}

/** A problem as this request comes to it: it names the key to repeat the request with, when the caller knows none. */
export const withKey = <Found extends Members>(request: object, found: Found): Found => {
  const { key } = contextOf(request)
  return key?.made ? { ...found, idempotencyKey: key.value } : found
}
