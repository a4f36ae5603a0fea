import { Effect, Schema } from "effect"
import { aggregates, isReleased } from "#domain/Aggregates.ts"
import { mask } from "#domain/archive/Masking.ts"
import { categoryOf } from "#domain/Ids.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { Sealed } from "#domain/Sealed.ts"
import type { Personal } from "../privacy/Personal.ts"

const isSealed = Schema.is(Sealed)

/** Opens what is personal in an event, or does not. */
export type Opening = (event: RecordedEvent) => Effect.Effect<(sealed: Sealed) => unknown>

/** Nothing personal is told. */
export const masking: Opening = () => Effect.succeed(() => mask)

/** All that can be read; what was erased, or has lost its key, is `null`. */
export const revealing =
  (personal: Personal["Service"]): Opening =>
  (event) =>
    Effect.gen(function* () {
      const read = aggregates.find(({ category }) => category === categoryOf(event.stream))?.read
      const boxes = read === undefined || !isReleased(event) ? [] : read.boxes(event)
      const { eventId, metadata, stream } = event
      const found = yield* Effect.forEach(boxes, ([field, sealed]) => {
        const place = { tenant: metadata.tenant, event: eventId, field }
        return Effect.map(
          Effect.orDie(personal.reveal(sealed, place, { stream, subject: sealed.subject })),
          (opened) => [sealed.box, opened] as const
        )
      })
      const opened = new Map(found)
      return ({ box }: Sealed) => said(opened.get(box)) ?? null
    })

/** A box holds text, which may be JSON. */
const said = (text: string | undefined): unknown => {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const withoutBoxes = (value: unknown, open: (sealed: Sealed) => unknown): unknown => {
  if (isSealed(value)) return open(value)
  if (Array.isArray(value)) return value.map((one) => withoutBoxes(one, open))
  if (value instanceof Map) return withoutBoxes(Object.fromEntries(value), open)
  if (value instanceof Set) return withoutBoxes([...value], open)
  if (typeof value === "bigint") return String(value)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBoxes(member, open)]))
}

/** Anything of the log as JSON has it, without what is personal. */
export const unsealed = (value: unknown) => withoutBoxes(value, () => mask)

/** An event as it is told outside: plain JSON, one line. */
export const told = (event: RecordedEvent, opening: Opening) =>
  Effect.map(opening(event), (open) => {
    const { data, eventId: id, metadata, position, revision, stream, type } = event
    return {
      position: String(position),
      id: id as string,
      stream: stream as string,
      revision,
      type,
      at: metadata.occurredAt as string,
      by: { kind: metadata.actor.kind as string, id: metadata.actor.id },
      data: withoutBoxes(data, open) as Readonly<Record<string, unknown>>
    }
  })
export type Told = Effect.Success<ReturnType<typeof told>>
