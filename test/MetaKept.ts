import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Layer } from "effect"
import type { Blobs } from "#domain/ports/Blobs.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { type Homing, start } from "./Homing.ts"
import { optionsOf } from "./MetaFixture.ts"

/** A gateway that keeps what Meta tells, and what can be seen of that. */

export const gateway = Effect.fnUntraced(function* (
  path: string,
  options: Parameters<typeof optionsOf>[0] = {},
  ports: Layer.Layer<never, never, Blobs> = Layer.empty
) {
  const lines: Array<string> = []
  const composition = {
    options: optionsOf(options),
    ports,
    withoutAgent: true,
    log: (line: string) => lines.push(line)
  }
  const started = yield* start(path, AcknowledgesAtOnce.layer, composition)
  return { ...started, lines }
})

// biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it fails an assertion
export type Told = { readonly type: string; readonly data: any; readonly source: string }
export const told = ({ call }: Pick<Homing, "call">) =>
  Effect.map(call("GET", "/v1/events?limit=500"), ({ body }) => body.items as ReadonlyArray<Told>)
export const atLeast = (n: number) => (all: ReadonlyArray<Told>) => all.length >= n

/** Everything in the log, as it stands there. */
const stored = (path: string) => {
  const db = new DatabaseSync(join(path, "log.db"), { readOnly: true })
  try {
    return db
      .prepare("SELECT type FROM events ORDER BY position")
      .all()
      .map(({ type }) => type as string)
  } finally {
    db.close()
  }
}
export const countOf = (path: string, type: string) => stored(path).filter((one) => one === type).length

export const text = (payload: object) => JSON.stringify(payload)
export const valueIn = ({ data }: Told) => data.change.entry[0].changes[0].value
