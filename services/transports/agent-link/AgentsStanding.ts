import { Clock, Context, Effect, Layer, Schedule } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import { Identity } from "../../identity/Identity.ts"
import { observe } from "../../telemetry/Metrics.ts"
import { AgentsHeard, skewMillis } from "./AgentsHeard.ts"

/** From here on an agent is called silent. */
const silentMillis = 90_000

export type AgentWarning = "agent_silent" | "agent_clock_off"

/** One that was enrolled a moment ago, or not heard since this gateway began a moment ago, is in neither list. */
interface Standing {
  readonly heard: ReadonlyArray<AgentId>
  readonly silent: ReadonlyArray<AgentId>
  /** Of those heard. */
  readonly clockOff: ReadonlyArray<AgentId>
}

/** How the agents stand that have a key of which something is taken. */
export class AgentsStanding extends Context.Service<
  AgentsStanding,
  {
    readonly now: Effect.Effect<Standing>
    /** What somebody should look after, of any agent. */
    readonly warnings: (standing: Standing) => ReadonlyArray<AgentWarning>
  }
>()("homing/services/transports/agent-link/AgentsStanding") {}

/** An agent that falls silent, or is heard again, is told within `lookMillis`. */
export const layer = ({ lookMillis = 10_000 }: { readonly lookMillis?: number } = {}) =>
  Layer.effect(
    AgentsStanding,
    Effect.gen(function* () {
      const agents = yield* AgentsHeard
      const identity = yield* Identity
      /** Since when each could have been heard by this gateway. */
      const known = new Map<AgentId, number>()

      const now = Effect.gen(function* () {
        const all = yield* agents.all
        const millis = yield* Clock.currentTimeMillis
        const standing = { heard: [] as AgentId[], silent: [] as AgentId[], clockOff: [] as AgentId[] }
        for (const id of identity.known().trusted.keys()) {
          const since = known.get(id) ?? millis
          known.set(id, since)
          const last = all.get(id)
          if (last !== undefined && millis - toMillis(last.at) < silentMillis) {
            standing.heard.push(id)
            if (Math.abs(last.offsetMillis ?? 0) > skewMillis) standing.clockOff.push(id)
          } else if (millis - since >= silentMillis) standing.silent.push(id)
        }
        return standing
      })

      let last: Standing = yield* now
      const look = Effect.gen(function* () {
        const before = last
        last = yield* now
        for (const agent of last.silent) {
          if (before.silent.includes(agent)) continue
          yield* Effect.logError("an agent is silent; what is for its devices waits", { agent })
        }
        for (const agent of last.heard) {
          if (before.silent.includes(agent)) yield* Effect.logInfo("an agent is heard again", { agent })
        }
      })
      yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(lookMillis)))

      for (const state of ["heard", "silent"] as const) {
        observe("homing_agents", "Agents, by whether they are heard.", () => last[state].length, { state })
      }
      observe("homing_agents_clock_off", "Agents whose clock is wrong.", () => last.clockOff.length)

      return {
        now,
        warnings: ({ clockOff, silent }) => [
          ...(silent.length === 0 ? [] : (["agent_silent"] as const)),
          ...(clockOff.length === 0 ? [] : (["agent_clock_off"] as const))
        ]
      }
    })
  )
