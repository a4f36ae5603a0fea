import { Context, Effect, Layer } from "effect"
import { NewestProtocol } from "#domain/wire/Trust.ts"
import { Trust } from "./Trust.ts"

/** Which version of the protocol is spoken with the gateway: the highest that both know. */
export class Dialect extends Context.Service<
  Dialect,
  {
    readonly newest: number
    readonly spoken: () => number
    /** A verified command came in this version, or its sender said that it speaks it. */
    readonly heard: (version: number) => void
  }
>()("homing/mac-agent/Dialect") {}

/** At first what the gateway spoke when it was pinned; then what it says itself, and it may have been replaced. */
export const layer = Layer.effect(
  Dialect,
  Effect.gen(function* () {
    const newest = yield* NewestProtocol
    let theirs = (yield* Trust).protocol
    return {
      newest,
      spoken: () => Math.min(newest, theirs),
      heard: (version) => {
        theirs = version
      }
    }
  })
)
