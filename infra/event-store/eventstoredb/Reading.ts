import { Effect, Layer, type Redacted } from "effect"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { decode } from "./ConnectionString.ts"
import * as Line from "./Line.ts"
import { patience } from "./Patience.ts"
import { reader } from "./Reads.ts"
import { shared } from "./SharedReading.ts"
import { sharedTail } from "./SharedTail.ts"
import { subscriber } from "./Subscriptions.ts"

const refused = new EventStoreUnavailable({ written: "no", cause: new Error("the log is open for reading alone") })

/** The log on a server, for whoever may have no right but to read it. Nothing is appended, not even to see whether it could be. */
export const layer = (url: Redacted.Redacted) =>
  Layer.effect(
    EventStore,
    Effect.gen(function* () {
      const line = yield* Line.open(yield* decode(url))
      const { at, head, read } = reader(line, patience)
      const sharedHead = yield* shared(head)
      return EventStore.of({
        append: () => Effect.fail(refused),
        appendable: Effect.fail(refused),
        read,
        head: sharedHead,
        at,
        subscribe: yield* sharedTail(subscriber(line, patience), sharedHead)
      })
    })
  )
