import { Schema, Stream } from "effect"
import type { Principal } from "../api/Principal.ts"
import type { Problem } from "../api/Problems.ts"
import type { Filter } from "../events/Filter.ts"
import type { Frame } from "./Frame.ts"
import { introducing } from "./Introducing.ts"

/** What a WebSocket says first. */
export interface Introduction {
  readonly key: string
  readonly filter: Filter
}

/** How two sides speak over a WebSocket. What is `undefined` is not said. */
export interface Dialect {
  readonly introduced: (text: string) => Introduction | undefined
  /** What is asked for by whom it is told whose key came in a header, with this filter beside it. */
  readonly asked: (filter: Filter) => Filter
  readonly welcome: () => string | undefined
  readonly refusal: (found: Problem) => string | undefined
  readonly said: (frame: Frame) => Buffer | string | undefined
  /** Nothing up to this cursor is missed; `isFirst`: the connection begins there. */
  readonly marked: (cursor: string | null | undefined, isFirst: boolean) => string | undefined
  /** What else is said, beside what happens. */
  readonly besides: (principal: Principal) => Stream.Stream<string>
}

const Introducing = Schema.Struct({
  type: Schema.Literal("auth"),
  key: Schema.String.check(Schema.isMaxLength(512)),
  after: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(255))),
  types: Schema.optionalKey(Schema.Array(Schema.String)),
  device: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(255))),
  chat: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(255))),
  presence: Schema.optionalKey(Schema.Boolean)
})
const introducedIn = introducing(Introducing, { onExcessProperty: "error" })

/** `/v1/live`: every event as `GET /v1/events` tells it, and words of two types more, `ready` and `at`. */
export const own: Dialect = {
  introduced: (text) => {
    const found = introducedIn(text)
    if (found === undefined) return undefined
    const { key, type: _, ...filter } = found
    return { key, filter }
  },
  asked: (filter) => filter,
  welcome: () => undefined,
  refusal: (found) => JSON.stringify({ ...found, problem: found.type, type: "refused" }),
  said: ({ json }) => json,
  marked: (cursor = null, isFirst) => JSON.stringify({ type: isFirst ? "ready" : "at", cursor }),
  besides: () => Stream.empty
}
