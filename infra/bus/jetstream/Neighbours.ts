import { Effect, Exit, Schedule, type Scope } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import type { Connection, Link } from "./Connection.ts"
import { inboxOf, placeOf } from "./Names.ts"

/**
 * Whether agents are in the gateway's account, where what an agent names as the place for an answer reaches everything
 * (docs/decisions/039-account-per-agent.md). So it was configured once, and nothing else shows it: each agent has a question
 * answered at a place of the gateway's. In an account of its own that place is nobody's.
 */
const door = `${inboxOf("gateway")}.neighbours`

const onEachLink = (connection: Connection, act: (link: Link) => Effect.Effect<void>) =>
  connection.link.pipe(
    Effect.flatMap((link) => Effect.andThen(Effect.raceFirst(act(link), link.lost), link.lost)),
    Effect.forever,
    Effect.forkScoped
  )

/** The agent's side. */
export const knock = (connection: Connection, agent: AgentId) => {
  const { consumer, stream } = placeOf({ kind: "commands", agent })
  const question = `$JS.API.CONSUMER.INFO.${stream}.${consumer}`
  const ask = ({ nc }: Link) => Effect.sync(() => nc.publish(question, undefined, { reply: door }))
  // again: the gateway may be the later one
  return onEachLink(connection, (link) => Effect.asVoid(Effect.repeat(ask(link), Schedule.spaced("1 minute"))))
}

/** The gateway's side: answers whether anybody knocked, of the server that it is connected to now or was last. */
export const listen = (connection: Connection): Effect.Effect<() => boolean, never, Scope.Scope> =>
  Effect.gen(function* () {
    let isHeard = false
    const knocked = ({ nc }: Link) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const first = new Later<void>()
          return { first, subscription: nc.subscribe(door, { callback: () => first.tell(Exit.void) }) }
        }),
        ({ first }) => first.told,
        ({ subscription }) => Effect.sync(() => subscription.unsubscribe())
      )
    const hear = (link: Link) =>
      Effect.gen(function* () {
        isHeard = false
        yield* knocked(link)
        isHeard = true
        yield* Effect.logWarning(
          "the bus keeps agents and gateway in one account; its configuration is an older release's"
        )
      })
    yield* onEachLink(connection, hear)
    return () => isHeard
  })
