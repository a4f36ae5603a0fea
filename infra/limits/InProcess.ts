import { Effect, Layer } from "effect"
import { type Reading, steady } from "#domain/Clocks.ts"
import { RateLimits, type Standing } from "#domain/ports/RateLimits.ts"
import { Buckets } from "./Buckets.ts"

/** The buckets of a process that shares them with none. They begin full with the process. */
const make = (now: Reading): RateLimits["Service"] => {
  const shared = new Buckets()
  const own = new Buckets()
  return {
    take: (claims) =>
      Effect.sync(() => {
        const at = now()
        const standings: Array<Standing> = []
        for (const claim of claims) {
          const standing = shared.take(claim, at)
          standings.push(standing)
          if (!standing.allowed) break
        }
        return standings
      }),
    look: (claim) => shared.look(claim, now()),
    takeHere: (claim) => own.take(claim, now())
  }
}

export const layer = Layer.effect(RateLimits, Effect.map(steady, make))
