import type { Problem } from "../api/Problems.ts"
import { respond } from "./Answer.ts"

/** The caller's name for a request, or the one we had to make. */
export interface Key {
  readonly value: string
  readonly made: boolean
}

const unprotected = "no key was sent: had this answer been lost, a repeat would have sent a second message"

const keys = new WeakMap<object, Key>()

/** The key of a request; remembered, for whatever answer the request comes to. */
export const keyOf = (request: object, sent: string | undefined): Key => {
  const key = sent === undefined ? { value: globalThis.crypto.randomUUID(), made: true } : { value: sent, made: false }
  keys.set(request, key)
  return key
}

export const headersOf = ({ made, value }: Key): Record<string, string> =>
  made ? { "idempotency-key": value, "idempotency-warning": unprotected } : { "idempotency-key": value }

/** A problem as the answer to this request; it names the key to repeat it with. */
export const respondTo = (request: object, found: Problem, headers?: Readonly<Record<string, string>>) => {
  const key = keys.get(request)
  if (key === undefined) return respond(found, headers)
  const named = key.made ? { ...found, idempotencyKey: key.value } : found
  return respond(named, { ...headersOf(key), ...headers })
}
