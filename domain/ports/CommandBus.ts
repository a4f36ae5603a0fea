import { type Array, Context, type Effect, Schema, type Stream } from "effect"
import type { AgentId } from "../Ids.ts"

/** One direction of the talk with one agent. Commands go to the agent, reports come from it. */
export interface Lane {
  readonly kind: "commands" | "reports"
  readonly agent: AgentId
}

/** The lane's durable subject. It is part of what is signed, so an envelope cannot be replayed on another lane. */
export const subjectOf = (lane: Lane): string => `homing.${lane.kind}.${lane.agent}`

export interface Outgoing {
  /** The bus drops a second envelope with this id, as long as it remembers. */
  readonly id: string
  readonly bytes: Uint8Array
}

export interface Incoming {
  readonly bytes: Uint8Array
  /** Tells the bus that the receiver has it durably. What is not acknowledged comes again. */
  readonly acknowledge: Effect.Effect<void>
}

export class BusUnavailable extends Schema.TaggedError<BusUnavailable>()("BusUnavailable", {
  cause: Schema.Defect()
}) {}

/** A retrying pipe that may forget. Delivers at least once, in order per lane as long as nothing comes again. */
export class CommandBus extends Context.Service<
  CommandBus,
  {
    /** Completes when the envelopes are in custody: stored by the bus, or acknowledged by the receiver. */
    readonly publish: (
      lane: Lane,
      envelopes: Array.NonEmptyReadonlyArray<Outgoing>
    ) => Effect.Effect<void, BusUnavailable>

    /** Everything on the lane that was not acknowledged, then live. Never ends. Envelopes published together arrive as one array. */
    readonly subscribe: (lane: Lane) => Stream.Stream<Incoming, BusUnavailable>

    /** Completes when the bus has answered. May wait for ever. */
    readonly answer: Effect.Effect<void, BusUnavailable>
  }
>()("homing/domain/ports/CommandBus") {}
