import type { JsonObject } from "#domain/Json.ts"

/** One request of Meta that is its own: signed, and a JSON object. */
export interface Webhook {
  readonly app: string
  readonly mode: "durable" | "sync"
  /** As they were received, and signed. */
  readonly bytes: Uint8Array
  /** What they say, numbers as JavaScript has them: to be looked at, not to be kept. */
  readonly payload: JsonObject
  /** The header. */
  readonly signature: string
  /** That header, and others that say something of the bytes. */
  readonly headers: Readonly<Record<string, string>>
}
