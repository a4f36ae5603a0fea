import { Context, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { type Agreement, agreement, SpokenVersions } from "#domain/wire/Versions.ts"
import { Trust } from "./Trust.ts"

/** Which version of the protocol is spoken with the gateway. */
export class Dialect extends Context.Service<Dialect, Agreement>()("homing/mac-agent/link/Dialect") {}

/** An older gateway may have taken over, or this one goes by what was reported before it had answered. */
const holdsMillis = 60_000

/** At first what the gateway spoke when it was pinned; then what it says itself. */
export const layer = Layer.effect(
  Dialect,
  Effect.gen(function* () {
    const { newest } = yield* SpokenVersions
    const { protocol: theirs } = yield* Trust
    return agreement({ newest, theirs, holdsMillis, nowMillis: yield* Clocks.wall })
  })
)
