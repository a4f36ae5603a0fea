import { Effect, type Scope } from "effect"
import { type Client, make } from "./Client.ts"
import type { Connection } from "./ConnectionString.ts"
import type { EventStoreDbUnfit } from "./EventStoreDbUnfit.ts"

/** So many questions in a row without a word: it is the line that is dead, not one call that was lost. */
const mostSilences = 3

/**
 * The client to ask with now. One that says nothing is thrown away for a new one: a connection that was accepted and never
 * spoken on would be waited on for ever, by every call.
 */
export interface Line {
  readonly client: Client
  /** It said something, if only that it will not. */
  readonly heard: (by: Client) => void
  /** A question was given up after the whole patience. */
  readonly silent: (by: Client) => void
}

export const open = (connection: Connection): Effect.Effect<Line, EventStoreDbUnfit, Scope.Scope> =>
  Effect.gen(function* () {
    let client = yield* make(connection)
    let silences = 0
    yield* Effect.addFinalizer(() => Effect.sync(() => client.end()))
    const context = yield* Effect.context<never>()

    const replaced = Effect.gen(function* () {
      const next = yield* Effect.orDie(make(connection))
      const dead = client
      client = next
      silences = 0
      dead.end()
      yield* Effect.logWarning("EventStoreDB says nothing on this connection; another one is opened")
    })

    return {
      get client() {
        return client
      },
      heard: (by) => {
        if (by === client) silences = 0
      },
      silent: (by) => {
        // one that still looks for the leader asks one node after the other by itself
        if (by !== client || !by.hasFound || ++silences < mostSilences) return
        Effect.runForkWith(context)(replaced)
      }
    }
  })
