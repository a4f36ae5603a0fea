import { Effect, Layer } from "effect"
import { RateLimits, type Standing } from "#domain/ports/RateLimits.ts"
import { Buckets } from "./Buckets.ts"

/** The buckets of a process that shares them with none. They begin full with the process. */
export const make = (): RateLimits["Service"] => {
  const shared = new Buckets()
  const own = new Buckets()
  return {
    take: (claims) =>
      Effect.sync(() => {
        const now = performance.now()
        const standings: Array<Standing> = []
        for (const claim of claims) {
          const standing = shared.take(claim, now)
          standings.push(standing)
          if (!standing.allowed) break
        }
        return standings
      }),
    look: (claim) => shared.look(claim, performance.now()),
    takeHere: (claim) => own.take(claim, performance.now())
  }
}

export const layer = Layer.sync(RateLimits, make)
