import type { Problem } from "../api/Problems.ts"
import { respond } from "./Answer.ts"

/** The caller's name for a request, or the one we had to make. */
export interface Key {
  readonly value: string
  /** As it came, for the answer. */
  readonly written: string
  /** The name under which earlier releases, which took quotes for a part of the key, accepted what came in quotes. */
  readonly former?: string
  readonly made: boolean
}

const unprotected = "no key was sent: had this answer been lost, a repeat would have sent a second message"

const keys = new WeakMap<object, Key>()

/** The key of a request; remembered, for whatever answer the request comes to. */
export const keyOf = (request: object, sent: string | undefined): Key => {
  const key = sent === undefined ? newKey() : readKey(sent)
  keys.set(request, key)
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

export const headersOf = ({ made, written }: Key): Record<string, string> =>
  made ? { "idempotency-key": written, "idempotency-warning": unprotected } : { "idempotency-key": written }

/** A problem as the answer to this request; it names the key to repeat it with. */
export const respondTo = (request: object, found: Problem, headers?: Readonly<Record<string, string>>) => {
  const key = keys.get(request)
  if (key === undefined) return respond(found, headers)
  const named = key.made ? { ...found, idempotencyKey: key.value } : found
  return respond(named, { ...headersOf(key), ...headers })
}
