import { type Array, Clock, Context, Effect, Exit, Layer, Stream } from "effect"
import { uuidV7 } from "#domain/Identifiers.ts"
import type { AgentId, DeviceId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import type { BusUnavailable, Lane, Outgoing } from "#domain/ports/CommandBus.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import { posting, type Regarding, type Sender, type Unboxed } from "#domain/wire/Posting.ts"
import type { AgentCommand } from "#domain/wire/Protocol.ts"
import { isSaid, SpokenVersions } from "#domain/wire/Versions.ts"
import { Identity } from "../../identity/Identity.ts"
import { Fitness, Unfit } from "../../runtime/Fitness.ts"
import { Provenance } from "../../runtime/Provenance.ts"
import { AgentsHeard } from "./AgentsHeard.ts"
import { dispatched } from "./Dispatched.ts"

/** An order to an agent, before it is addressed and signed. */
export interface Order extends Regarding {
  /** What names it in the agent's ledger: the id of the event it comes from. */
  readonly commandId: string
  readonly device: DeviceId | "-"
  readonly expiresAt: Instant
  readonly command: Unboxed<AgentCommand>
}

/** Ready to be signed. */
interface Written extends Outgoing {
  readonly kind: AgentCommand["kind"]
}

/** An order about nothing in the log: each is named anew. `validMillis` from `millis` on. */
export const notice = (
  crypto: Crypto["Service"],
  millis: number,
  validMillis: number,
  command: Order["command"]
): Order => ({
  commandId: uuidV7(crypto, millis),
  attempt: 1,
  position: 0n,
  device: "-",
  subject: "-",
  expiresAt: fromMillis(millis + validMillis),
  command
})

/** Addresses, encrypts, signs and publishes orders. Those given together leave under one signature. */
export class AgentCommands extends Context.Service<
  AgentCommands,
  {
    /**
     * Completes when the bus has custody. Orders to an agent that has no key wait until it is enrolled, or until the last
     * of them is over: then they go nowhere.
     */
    readonly issue: (
      agent: AgentId,
      orders: Array.NonEmptyReadonlyArray<Order>
    ) => Effect.Effect<void, BusUnavailable | Unfit>
  }
>()("homing/services/transports/agent-link/AgentCommands") {}

export const layer = Layer.effect(
  AgentCommands,
  Effect.gen(function* () {
    const heard = yield* AgentsHeard
    const identity = yield* Identity
    const step = yield* Steps
    const traces = yield* Traces
    const { obstacle } = yield* Fitness
    const { tenant } = yield* Provenance
    const { post, write } = yield* posting((yield* SpokenVersions).commands)

    /** Agents that somebody was told to enrol. */
    const missing = new Set<AgentId>()
    /** Agents of a release that has no words for something. */
    const older = new Set<AgentId>()
    const enrolled = Effect.fnUntraced(function* (agent: AgentId, orders: ReadonlyArray<Order>) {
      if (!missing.has(agent)) yield* Effect.logWarning("commands wait for an agent that is not enrolled", { agent })
      missing.add(agent)
      const over = orders.reduce((latest, { expiresAt }) => Math.max(latest, toMillis(expiresAt)), 0)
      yield* Stream.takeUntil(identity.changes, () => identity.agent(agent) !== undefined).pipe(
        Stream.runDrain,
        Effect.timeoutOption(Math.max(0, over - (yield* Clock.currentTimeMillis)))
      )
      const trust = identity.agent(agent)
      if (trust !== undefined) missing.delete(agent)
      return trust
    })

    return {
      issue: Effect.fnUntraced(function* (agent, orders) {
        const trust = identity.agent(agent) ?? (yield* enrolled(agent, orders))
        if (trust === undefined) return
        const found = obstacle()
        if (found === "clock_off") return yield* new Unfit({ obstacle: found })
        const isTrust = orders.every(({ command }) => command.kind === "trust")
        const signer = isTrust ? identity.announcer() : identity.signer()
        const cipher = signer && trust.commandKey(signer.keyId)
        if (signer === undefined || cipher === undefined) return yield* new Unfit({ obstacle: "no_signing_key" })
        const lane: Lane = { kind: "commands", agent }
        const { epoch } = identity
        const version = heard.version(agent)
        const sayable = orders.filter(({ command }) => isSaid(command, version))
        if (sayable.length < orders.length && !older.has(agent)) {
          older.add(agent)
          yield* Effect.logWarning("an agent is too old for what is asked of it; what stays open is asked again", {
            agent
          })
        }
        const from: Sender = { lane, version, tenant, epoch, keyId: signer.keyId, cipher }
        const issuedAt = fromMillis(yield* Clock.currentTimeMillis)
        const { end, orders: under } = dispatched(traces, agent, sayable)
        const written = under.map(
          (order): Written => ({
            // what was said in another epoch is refused: the bus must not take this for it
            id: `${order.commandId}:${epoch}:${order.attempt}`,
            bytes: write(from, order, { issuedAt, expiresAt: order.expiresAt }, order.command),
            kind: order.command.kind
          })
        )
        yield* post(lane, signer.key, written, (publishing, batch) => {
          const holds = (kind: AgentCommand["kind"]) => batch.some((one) => one.kind === kind)
          if (holds("send")) step("gateway.issued")
          if (holds("receipt")) step("gateway.acknowledgement-issued")
          return holds("send") ? Effect.tap(publishing, () => Effect.sync(() => step("gateway.custody"))) : publishing
        }).pipe(Effect.onExit((exit) => Effect.sync(() => end(Exit.isFailure(exit)))))
      })
    }
  })
)
