import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis, Instant, toMillis } from "#domain/Instant.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import { type Agreement, agreement, SpokenVersions } from "#domain/wire/Versions.ts"
import { Identity } from "../../identity/Identity.ts"
import * as AgentsHeardRows from "./AgentsHeardRows.ts"

/** From here on a clock is called wrong. */
export const skewMillis = 30_000

/** What an agent said of itself last. */
export const Heard = Schema.Struct({
  at: Instant,
  protocol: Schema.Natural,
  /** Of the gateway's announcements, the newest it has pinned. */
  revision: Schema.Natural,
  /** How many commands it refused since it began. */
  refused: Schema.Natural,
  /** How far its clock is behind the gateway's, in milliseconds. */
  offsetMillis: Schema.optionalKey(Schema.Int),
  /** Of its heartbeats that counted, the highest name: names begin with the agent's time. */
  newest: Schema.optionalKey(EventId)
})
export type Heard = typeof Heard.Type
type Heartbeat = Extract<AgentReport, { kind: "heartbeat" }>

/** Gateways that hear one agent at the same time, one after the other. */
const mostConflicts = 10

const encode = Schema.encodeSync(Schema.fromJsonString(Heard))
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Heard))
/** What cannot be read is as good as not heard: the next heartbeat is written over it. */
const readable = (agent: string, heard: string): Effect.Effect<Heard | undefined> => {
  const found = decode(heard)
  if (Option.isSome(found)) return Effect.succeed(found.value)
  return Effect.as(Effect.logWarning("when an agent was heard cannot be read", { agent }), undefined)
}
const isAgentId = Schema.is(AgentId)

/** When each agent was last heard of, by whichever gateway. Kept beside the views: losing it loses nothing but the time. */
export class AgentsHeard extends Context.Service<
  AgentsHeard,
  {
    /**
     * A verified heartbeat came. It counts if its name is higher than any before, or its time is now: the bus may repeat
     * an old one for ever, and an agent's clock may be set back.
     */
    readonly beat: (agent: AgentId, asked: EventId, heartbeat: Heartbeat) => Effect.Effect<void>
    /** A verified report came in this version: its sender may have been exchanged for an older one. */
    readonly spoke: (agent: AgentId, version: number) => void
    /** Of the agents that this gateway heard, or that were heard before it began. */
    readonly last: (agent: AgentId) => Heard | undefined
    /** The version to speak with this agent: the highest that both know. */
    readonly version: (agent: AgentId) => number
    /** As all gateways know it. */
    readonly all: Effect.Effect<ReadonlyMap<AgentId, Heard>>
  }
>()("homing/services/transports/agent-link/AgentsHeard") {}

export const layer = Layer.effect(
  AgentsHeard,
  Effect.gen(function* () {
    const rows = yield* AgentsHeardRows.make
    const identity = yield* Identity
    const { newest } = yield* SpokenVersions

    const read = Effect.gen(function* () {
      const all = new Map<AgentId, Heard>()
      for (const { agent, heard } of yield* rows.all) {
        const found = isAgentId(agent) ? yield* readable(agent, heard) : undefined
        if (found !== undefined) all.set(agent as AgentId, found)
      }
      return all
    })
    const heard = yield* read
    const agreements = new Map<AgentId, Agreement>()
    const pinned = (agent: AgentId) => agreement({ newest, theirs: identity.agent(agent)?.protocol ?? 1 })
    /** With an agent that has shown itself what it speaks: from then on its enrolment does not count. */
    const shown = (agent: AgentId) => {
      const found = agreements.get(agent) ?? pinned(agent)
      agreements.set(agent, found)
      return found
    }
    const all = Effect.catch(read, (cause) =>
      Effect.as(Effect.logWarning("when agents were heard cannot be read", cause), heard)
    )

    /** What the database holds of one agent, as it is written there, and what of both it and this process is the last. */
    const last = Effect.fnUntraced(function* (agent: AgentId) {
      const written = yield* rows.of(agent)
      const [own, stored] = [heard.get(agent), written === undefined ? undefined : yield* readable(agent, written)]
      return { written, before: own !== undefined && own.at > (stored?.at ?? "") ? own : stored }
    })

    /** Answers whether it is over: nobody else wrote meanwhile. */
    const beatOnce = Effect.fnUntraced(function* (
      agent: AgentId,
      asked: EventId,
      { at, offsetMillis, protocol, refused, revision }: Heartbeat
    ) {
      const millis = yield* Clock.currentTimeMillis
      const { before, written } = yield* Effect.catch(last(agent), (cause) =>
        Effect.as(Effect.logWarning("when an agent was heard cannot be read", cause), {
          before: heard.get(agent),
          written: undefined
        })
      )
      const isNewer = before?.newest === undefined || asked > before.newest
      if (!isNewer && Math.abs(toMillis(at) - millis) > skewMillis) return true
      const now: Heard = {
        at: fromMillis(millis),
        protocol,
        revision,
        refused,
        ...(offsetMillis !== undefined && { offsetMillis }),
        newest: isNewer ? asked : before.newest
      }
      const isKept = yield* Effect.catch(rows.keep(agent, written, encode(now)), (cause) =>
        Effect.as(Effect.logWarning("when an agent was heard cannot be kept", cause), true)
      )
      if (!isKept) return false
      heard.set(agent, now)
      shown(agent).knows(protocol)
      const isOff = (one: Heard | undefined) => Math.abs(one?.offsetMillis ?? 0) > skewMillis
      if (isOff(now) && !isOff(before)) {
        yield* Effect.logWarning("an agent's clock is off; it uses the gateway's", { agent, offsetMillis })
      }
      return true
    })

    return {
      beat: (agent, asked, heartbeat) =>
        Effect.asVoid(
          Effect.repeat(beatOnce(agent, asked, heartbeat), { until: (isOver) => isOver, times: mostConflicts })
        ),
      spoke: (agent, version) => shown(agent).heard(version),
      last: (agent) => heard.get(agent),
      version: (agent) => (agreements.get(agent) ?? pinned(agent)).version(),
      all
    }
  })
)
