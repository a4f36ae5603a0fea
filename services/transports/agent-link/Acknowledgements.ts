import { Array, Clock, Context, Effect, FiberSet, Layer, Schedule, Semaphore } from "effect"
import type { AgentId, EventId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { after, type Timer } from "#domain/Timer.ts"
import { AgentCommands, notice } from "./Commands.ts"

/** How long an acknowledgement may wait for others: the agent repeats its reports much later than that. */
const gathering = "500 millis"
/** How long one may that is awaited: what is heard next in a chat leaves when it is there. */
const gatheringAwaitedMillis = 5
const most = 4_096
const validMillis = 24 * 3_600_000
/** How many may be on their way at once. */
const mostUnderway = 64

/** Tells agents which of their reports the log holds, or never will, so that their ledgers may let them go. */
export class Acknowledgements extends Context.Service<
  Acknowledgements,
  {
    /** `awaited`: the agent tells nothing more of a chat before it hears. */
    readonly give: (agent: AgentId, reports: ReadonlyArray<EventId>, options?: { readonly awaited: boolean }) => void
  }
>()("homing/services/transports/agent-link/Acknowledgements") {}

export const layer = Layer.effect(
  Acknowledgements,
  Effect.gen(function* () {
    const commands = yield* AgentCommands
    const crypto = yield* Crypto
    const underway = yield* Semaphore.make(mostUnderway)
    const run = yield* FiberSet.makeRuntime<never>()
    let gathered = new Map<AgentId, globalThis.Array<EventId>>()

    const send = Effect.gen(function* () {
      if (gathered.size === 0) return
      const now = gathered
      gathered = new Map()
      const millis = yield* Clock.currentTimeMillis
      for (const [agent, all] of now) {
        for (const reports of Array.chunksOf(all, most)) {
          const acknowledgement = notice(crypto, millis, validMillis, { kind: "receipt", reports })
          // one that gets lost, or has no room, is asked for again by the report that comes again
          run(underway.withPermitsIfAvailable(1)(Effect.ignore(commands.issue(agent, [acknowledgement]))))
        }
      }
    })
    yield* Effect.forkScoped(Effect.repeat(send, Schedule.spaced(gathering)))
    let departure: Timer | undefined
    yield* Effect.addFinalizer(() => Effect.sync(() => departure?.stop()))
    const leaveShortly = () => {
      departure ??= after(gatheringAwaitedMillis, () => {
        departure = undefined
        run(send)
      })
    }

    return {
      give: (agent, reports, { awaited } = { awaited: false }) => {
        if (awaited) leaveShortly()
        const all = gathered.get(agent)
        if (all === undefined) gathered.set(agent, [...reports])
        else all.push(...reports)
      }
    }
  })
)
