import { Effect, Option, Schema } from "effect"

/** How many rows that cannot be read are told of, each once. */
const mostTold = 1_000
const isId = Schema.is(Schema.String.check(Schema.isUUID()))

/**
 * Reads rows of a table one by one: one that somebody has changed hides no other. It is told once, by its id: what it says
 * may be anything.
 */
export const reader = <A>(table: string, row: Schema.Decoder<A>) => {
  const decode = Schema.decodeUnknownOption(row)
  const told = new Set<string>()
  const tell = (id: string) =>
    Effect.suspend(() => {
      if (told.has(id) || told.size >= mostTold) return Effect.void
      told.add(id)
      return Effect.logError("a row cannot be read; others are", { table, row: id })
    })
  return Effect.fnUntraced(function* (rows: ReadonlyArray<object>) {
    const found: Array<{ readonly id: string; readonly row: A | undefined }> = []
    for (const one of rows) {
      const id = "id" in one && isId(one.id) ? one.id : "unknown"
      const row = Option.getOrUndefined(decode(one))
      if (row === undefined) yield* tell(id)
      found.push({ id, row })
    }
    return found
  })
}
