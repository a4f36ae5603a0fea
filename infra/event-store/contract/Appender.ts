import { Effect } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Sqlite from "../sqlite/Sqlite.ts"
import { freshStream, many } from "./Fixtures.ts"

/** A process that appends for ever, from many fibers, and says each append on its output once it is acknowledged. */
const appendForEver = Effect.gen(function* () {
  const store = yield* EventStore
  const stream = freshStream()
  for (let revision = -1; ; revision += 2) {
    const events = many(2)
    const appended = yield* store.append(stream, revision < 0 ? "no_stream" : revision, events)
    const acknowledged = { stream, ...appended, position: `${appended.position}`, eventId: events[1]!.eventId }
    yield* Effect.callback<void>((resume) => {
      process.stdout.write(`${JSON.stringify(acknowledged)}\n`, () => resume(Effect.void))
    })
  }
})

const [file] = process.argv.slice(2)
const program = Effect.all(
  Array.from({ length: 16 }, () => appendForEver),
  { concurrency: "unbounded" }
)
Effect.runFork(Effect.provide(program, Sqlite.layer(file!)))
