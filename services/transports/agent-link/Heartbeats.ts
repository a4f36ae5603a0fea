import { Clock, Context, Effect, FiberSet, Layer, Stream } from "effect"
import type { AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import { heartbeatsSince, SpokenVersions } from "#domain/wire/Versions.ts"
import { Identity } from "../../identity/Identity.ts"
import { AgentsHeard } from "./AgentsHeard.ts"
import { AgentCommands, notice, type Order } from "./Commands.ts"

type Heartbeat = Extract<AgentReport, { kind: "heartbeat" }>

/** An agent asks again soon; an announcement waits for one that sleeps. */
const answerValidMillis = 60_000
const announcementValidMillis = 24 * 3_600_000

/** Answers heartbeats with the gateway's time, and tells agents whom to trust when that changes. */
export class Heartbeats extends Context.Service<
  Heartbeats,
  {
    /** `asked`: the question's name. Of those that come together, only the last is answered. */
    readonly take: (agent: AgentId, asked: EventId, heartbeat: Heartbeat) => Effect.Effect<void>
  }
>()("homing/services/transports/agent-link/Heartbeats") {}

export const layer = Layer.effect(
  Heartbeats,
  Effect.gen(function* () {
    const commands = yield* AgentCommands
    const crypto = yield* Crypto
    const heard = yield* AgentsHeard
    const identity = yield* Identity
    const { newest: protocol } = yield* SpokenVersions
    const run = yield* FiberSet.makeRuntime<never>()
    const waiting = new Map<AgentId, EventId>()

    const tell = (agent: AgentId, millis: number, validMillis: number, command: Order["command"]) =>
      // what gets lost is asked for again
      run(Effect.ignore(commands.issue(agent, [notice(crypto, millis, validMillis, command)])))

    const announce = Effect.fnUntraced(function* (agent: AgentId) {
      const pin = yield* identity.pin(agent)
      if (pin === undefined) return
      tell(agent, yield* Clock.currentTimeMillis, announcementValidMillis, { kind: "trust", pin })
    })

    const answer = Effect.fnUntraced(function* (agent: AgentId) {
      const asked = waiting.get(agent)
      waiting.delete(agent)
      if (asked === undefined) return
      const millis = yield* Clock.currentTimeMillis
      tell(agent, millis, answerValidMillis, { kind: "heartbeat", asked, at: fromMillis(millis), protocol })
      const pinned = heard.last(agent)?.revision ?? 0
      if (pinned < identity.known().revision) yield* announce(agent)
    })

    yield* identity.changes.pipe(
      Stream.runForEach(({ revision, trusted }) =>
        Effect.forEach(
          [...trusted.keys()].filter((agent) => {
            const pinned = heard.last(agent)?.revision
            return pinned !== undefined && pinned < revision && heard.version(agent) >= heartbeatsSince
          }),
          announce,
          { discard: true }
        )
      ),
      Effect.forkScoped
    )

    return {
      take: Effect.fnUntraced(function* (agent, asked, heartbeat) {
        yield* heard.beat(agent, asked, heartbeat)
        if (!waiting.has(agent)) setImmediate(() => run(answer(agent)))
        waiting.set(agent, asked)
      })
    }
  })
)
