import { Context, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { NewestProtocol } from "#domain/identity/Trust.ts"
import { Trust } from "./Trust.ts"

/** Which version of the protocol is spoken with the gateway: the highest that both know. */
export class Dialect extends Context.Service<
  Dialect,
  {
    readonly newest: number
    readonly spoken: () => number
    /** A verified command came in this version. */
    readonly heard: (version: number) => void
    /** The gateway answered that it knows this version, and no higher one. */
    readonly told: (version: number) => void
  }
>()("homing/mac-agent/link/Dialect") {}

/**
 * A command in a lower version means that an older gateway took over, or that this one goes by what was reported before it
 * had answered. For so long after an answer it is taken for the latter: else each would go on speaking as the other does.
 */
const holdsMillis = 60_000

/** At first what the gateway spoke when it was pinned; then what it says itself, and it may have been replaced. */
export const layer = Layer.effect(
  Dialect,
  Effect.gen(function* () {
    const newest = yield* NewestProtocol
    const now = yield* Clocks.wall
    let theirs = (yield* Trust).protocol
    let answered = Number.NEGATIVE_INFINITY
    return {
      newest,
      spoken: () => Math.min(newest, theirs),
      heard: (version) => {
        if (version > theirs || now() - answered > holdsMillis) theirs = version
      },
      told: (version) => {
        theirs = version
        answered = now()
      }
    }
  })
)
