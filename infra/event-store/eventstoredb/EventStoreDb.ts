import { Effect, Layer, type Redacted } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { appender } from "./Append.ts"
import { decode } from "./ConnectionString.ts"
import * as Line from "./Line.ts"
import { patience as defaults, type Patience } from "./Patience.ts"
import { reader } from "./Reads.ts"
import { shared } from "./SharedReading.ts"
import { sharedTail } from "./SharedTail.ts"
import { check } from "./StartCheck.ts"
import { subscriber } from "./Subscriptions.ts"

interface Options {
  /** See `ConnectionString.ts` for its form. */
  readonly url: Redacted.Redacted
  readonly patience?: Patience
}

/**
 * The log in an EventStoreDB (or KurrentDB) that is Homing's alone. Fails at start when the server cannot be worked with.
 * One layer per process: it holds the one client.
 */
export const layer = ({ patience = defaults, url }: Options) =>
  Layer.effect(
    EventStore,
    Effect.gen(function* () {
      const connection = yield* decode(url)
      yield* check(connection, patience)
      const line = yield* Line.open(connection)
      const { at, head, read } = reader(line, patience)
      const sharedHead = yield* shared(head)
      return EventStore.of({
        append: appender(line, patience),
        read,
        head: sharedHead,
        at,
        appendable: Effect.asVoid(sharedHead), // nothing more is to be had of a server without an append
        subscribe: yield* sharedTail(subscriber(line, patience), sharedHead)
      })
    })
  )
