import { Schema } from "effect"

/** A moment as it is stored and sent: RFC 3339, UTC, exactly three decimals. Instants compare as strings. */
export const Instant = Schema.String.check(
  Schema.isPattern(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/)
).pipe(Schema.brand("Instant"))
export type Instant = typeof Instant.Type

/** `millis` since 1970, UTC. */
export const fromMillis = (millis: number): Instant => new Date(millis).toISOString() as Instant
export const toMillis = (instant: Instant): number => Date.parse(instant)
