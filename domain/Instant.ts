import { Schema } from "effect"

/** A moment as it is stored and sent: RFC 3339, UTC, exactly three decimals. Instants compare as strings. */
export const Instant = Schema.String.check(
  Schema.isPattern(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/)
).pipe(Schema.brand("Instant"))
export type Instant = typeof Instant.Type

const recent = new Map<number, Instant>()

/** `millis` since 1970, UTC. One moment is written many times over: the latest few are remembered. */
export const fromMillis = (millis: number): Instant => {
  const known = recent.get(millis)
  if (known !== undefined) return known
  if (recent.size >= 64) recent.clear()
  const instant = new Date(millis).toISOString() as Instant
  recent.set(millis, instant)
  return instant
}
export const toMillis = (instant: Instant): number => Date.parse(instant)
