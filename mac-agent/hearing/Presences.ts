import { Clock, Context, Effect, Layer } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SessionEvent } from "#domain/ports/WhatsApp.ts"
import { presencesSince } from "#domain/wire/Versions.ts"
import { Dialect } from "../link/Dialect.ts"
import { GatewayClock } from "../link/GatewayClock.ts"
import { Reporter } from "../link/Reporter.ts"

type Told = Extract<SessionEvent, { readonly _tag: "Presence" }>

/** So many leave in a second; what is more is of no use to anybody by the time it could. */
const mostInSecond = 32
/** Who has not answered for so long is not there, and would be told later what was. */
const silentMillis = 90_000

/** How people are seen, on its way to the gateway while that is there: kept nowhere, and never told again. */
export class Presences extends Context.Service<Presences, { readonly tell: (told: Told) => Effect.Effect<void> }>()(
  "homing/mac-agent/hearing/Presences"
) {}

export const layer = Layer.effect(
  Presences,
  Effect.gen(function* () {
    const clock = yield* GatewayClock
    const dialect = yield* Dialect
    const reporter = yield* Reporter
    let second = 0
    let count = 0
    return {
      tell: Effect.fnUntraced(function* ({ device, presence }) {
        if (dialect.version() < presencesSince || clock.silentMillis() > silentMillis) return
        const now = yield* Clock.currentTimeMillis
        const current = Math.floor(now / 1_000)
        if (current !== second) count = 0
        second = current
        if (++count <= mostInSecond) yield* reporter.showPresence(device, { at: fromMillis(now), presence })
      })
    }
  })
)
