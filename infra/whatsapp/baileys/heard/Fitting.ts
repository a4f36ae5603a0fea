import { Schema } from "effect"
import { HeardContent } from "#domain/inbound/Heard.ts"

/** In characters, as `HeardContent` takes it. */
export const longestRaw = 131_072
/** Encoded as JSON, so many bytes fit the way to the gateway. */
const mostBytes = 380_000

const isContent = Schema.is(HeardContent)

/** The first that can be told. Senders say what they like: what fits no words may break in any place. */
export const firstFitting = (ways: ReadonlyArray<() => unknown>): HeardContent | undefined => {
  for (const way of ways) {
    try {
      const content = way()
      if (content !== undefined && isContent(content) && Buffer.byteLength(JSON.stringify(content)) <= mostBytes)
        return content
    } catch {}
  }
  return undefined
}
