import { Effect, Fiber, Layer } from "effect"
import { Timers } from "../Timer.ts"

/** Timers that ring when the test's clock is moved. */
export const layer = Layer.effect(
  Timers,
  Effect.map(Effect.context<never>(), (context) => ({
    after: (millis: number, ring: () => void) => {
      const fiber = Effect.runForkWith(context)(Effect.delay(Effect.sync(ring), millis))
      return { stop: () => void Effect.runFork(Fiber.interrupt(fiber)) }
    }
  }))
)
