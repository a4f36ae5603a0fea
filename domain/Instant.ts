import { Schema } from "effect"

/** A moment as it is stored and sent: RFC 3339, UTC, exactly three decimals. Instants compare as strings. */
export const Instant = Schema.String.annotate({ format: "date-time" })
  .check(Schema.isPattern(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/))
  .pipe(Schema.brand("Instant"))
export type Instant = typeof Instant.Type

/** Seconds as they are written, up to the point. Most moments are now, or a fixed time from now. */
const seconds = new Map<number, string>()

/** `millis` since 1970, UTC. */
export const fromMillis = (millis: number): Instant => {
  const second = Math.floor(millis / 1_000)
  let start = seconds.get(second)
  if (start === undefined) {
    if (seconds.size >= 64) seconds.clear()
    start = new Date(second * 1_000).toISOString().slice(0, -"000Z".length)
    seconds.set(second, start)
  }
  return `${start}${String(Math.floor(millis - second * 1_000)).padStart(3, "0")}Z` as Instant
}
export const toMillis = (instant: Instant): number => Date.parse(instant)
