import type { Effect } from "effect"
import type { Frame } from "./Frame.ts"

/** Why a gateway ends a connection that is followed by. */
export const endings = {
  shutting_down: "The gateway is shutting down: connect again with the last cursor.",
  too_slow: "What was sent was not read in time: connect again with the last cursor.",
  key_changed: "The key may see other devices now: connect again with the last cursor.",
  internal: "What happened cannot be told to this connection: something is wrong on our side.",
  unauthorized: "The key is not valid any more."
} as const
export type Ending = keyof typeof endings

/** The connection of somebody who follows. Nothing here waits but `drained` and `gone`. */
export interface Outlet {
  readonly give: (frame: Frame) => void
  /** What stands in no log, as JSON: told to whoever keeps up, and never again. */
  readonly show: (type: string, event: string) => void
  /** Nothing up to this cursor is missed; also a sign of life. */
  readonly mark: (cursor: string | undefined) => void
  /** What was given and is still here. */
  readonly pendingBytes: () => number
  /** Completes when little is pending. */
  readonly drained: Effect.Effect<void>
  /** Something that was given before the last time this was asked is still here, or its far side says nothing. */
  readonly isStuck: () => boolean
  readonly end: (why: Ending) => void
  /** Completes when the connection is closed, by whomever. */
  readonly gone: Effect.Effect<void>
}
