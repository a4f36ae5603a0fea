import { Schema } from "effect"
import { Text } from "./Text.ts"

/** What a message can say, in the clear. Lives in memory, inside boxes and on the wire, never in an event. */
const kinds = [Text] as const

export const Content = Schema.Union(kinds)
export type Content = typeof Content.Type

const names: ReadonlySet<string> = new Set(kinds.map(({ fields }) => fields.type.literal))

/** Of a newer release there may be others in the log. */
export const isKnown = (kind: string): boolean => names.has(kind)

/** By these names stands what is nobody else's business, whatever its kind. */
export const contentMembers: ReadonlyArray<string> = kinds.flatMap(({ fields }) =>
  Object.keys(fields).filter((name) => name !== "type")
)
