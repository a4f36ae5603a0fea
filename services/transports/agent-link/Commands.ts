import { Array, Clock, Context, Effect, Layer, Stream } from "effect"
import { uuidV7 } from "#domain/Identifiers.ts"
import type { AgentId, DeviceId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { type BusUnavailable, CommandBus, type Lane, type Outgoing, subjectOf } from "#domain/ports/CommandBus.ts"
import { type CipherKey, Crypto } from "#domain/ports/Crypto.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { directionOf, encodeUnsigned, type Header, signBatch, type Unsigned } from "#domain/wire/Envelope.ts"
import { maxBatch } from "#domain/wire/MerkleBatch.ts"
import { type AgentCommand, box, encodePayload } from "#domain/wire/Protocol.ts"
import { StoreIdentity } from "../../identity/StoreIdentity.ts"
import { Fitness, Unfit } from "../../runtime/Fitness.ts"
import { Provenance } from "../../runtime/Provenance.ts"
import { AgentsHeard } from "./AgentsHeard.ts"

/** An order to an agent, before it is addressed and signed. */
export interface Order {
  /** What names it in the agent's ledger: the id of the event it comes from. */
  readonly commandId: string
  readonly attempt: number
  readonly position: bigint
  readonly device: DeviceId | "-"
  readonly subject: string
  readonly expiresAt: Instant
  readonly command:
    | Exclude<AgentCommand, { kind: "send" | "pair" }>
    /** `personal` is encrypted to the agent. */
    | (Omit<Extract<AgentCommand, { kind: "send" }>, "box"> & { readonly personal: object })
    | (Omit<Extract<AgentCommand, { kind: "pair" }>, "box"> & { readonly personal: object })
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
    const bus = yield* CommandBus
    const crypto = yield* Crypto
    const heard = yield* AgentsHeard
    const identity = yield* StoreIdentity
    const step = yield* Steps
    const { obstacle } = yield* Fitness
    const { tenant } = yield* Provenance

    const unsigned = (
      agent: AgentId,
      keyId: string,
      commandKey: CipherKey,
      lane: string,
      issuedAt: string,
      order: Order
    ): Unsigned => {
      const header: Header = {
        direction: directionOf("command", heard.version(agent)),
        keyId,
        tenant,
        agent,
        device: order.device,
        lane,
        subject: order.subject,
        commandId: order.commandId,
        attempt: String(order.attempt),
        position: String(order.position),
        epoch: identity.epoch,
        issuedAt,
        expiresAt: order.expiresAt
      }
      if (!("personal" in order.command)) return { header, payload: encodePayload(order.command) }
      const { personal, ...command } = order.command
      return { header, payload: encodePayload({ ...command, box: box(crypto, commandKey, header, personal) }) }
    }

    /** Agents that somebody was told to enrol. */
    const missing = new Set<AgentId>()
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
        const lane: Lane = { kind: "commands", agent }
        const issuedAt = fromMillis(yield* Clock.currentTimeMillis)
        const isTrust = orders.every(({ command }) => command.kind === "trust")
        const signer = isTrust ? identity.announcer() : identity.signer()
        const commandKey = signer && trust.commandKey(signer.keyId)
        if (signer === undefined || commandKey === undefined) return yield* new Unfit({ obstacle: "no_signing_key" })
        for (const batch of Array.chunksOf(orders, maxBatch)) {
          const signed = batch.map((order) =>
            encodeUnsigned(unsigned(agent, signer.keyId, commandKey, subjectOf(lane), issuedAt, order))
          )
          const envelopes = yield* signBatch(crypto, signer.key, signed)
          const outgoing = envelopes.map(
            (bytes, i): Outgoing => ({ id: `${batch[i]!.commandId}:${batch[i]!.attempt}`, bytes })
          )
          const holds = (kind: AgentCommand["kind"]) => batch.some(({ command }) => command.kind === kind)
          if (holds("send")) step("gateway.issued")
          if (holds("receipt")) step("gateway.receipt-issued")
          yield* bus.publish(lane, outgoing as unknown as Array.NonEmptyReadonlyArray<Outgoing>)
          if (holds("send")) step("gateway.custody")
        }
      })
    }
  })
)
