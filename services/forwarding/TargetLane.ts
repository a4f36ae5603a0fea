import { Effect, Layer } from "effect"
import type { Target } from "#domain/meta/Target.ts"
import { Holds } from "../meta/Holds.ts"
import { RoutesRegistry } from "../routes/RoutesRegistry.ts"
import { forwardArrived, forwardAttempted, forwardSettled } from "../telemetry/Metrics.ts"
import * as Backlog from "../webhooks/Backlog.ts"
import * as Deliverer from "../webhooks/Deliverer.ts"
import type { Lane } from "../webhooks/Lane.ts"
import * as Recent from "../webhooks/Recent.ts"
import type { Schedule } from "../webhooks/Retries.ts"
import { Standing } from "../webhooks/Standing.ts"
import * as Attempts from "./Attempts.ts"
import * as Filling from "./Filling.ts"
import * as Held from "./Held.ts"
import { schedule } from "./Patience.ts"

export interface Options extends Deliverer.Options {
  /** See `Patience`. */
  readonly retries?: Schedule
}

const isEnabled = ({ disabled }: Target) => disabled === null

/**
 * Deliveries of what Meta told to the targets that routes lead to. Whatever becomes of them a target stays one: what waits for
 * it waits, and it is left alone but for a question now and then while it is away.
 */
export const layer = ({ retries = schedule, ...options }: Options = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const recent = Recent.make()
      const registry = yield* RoutesRegistry
      const all = () => [...registry.values()].flatMap(({ targets }) => [...targets.values()])

      const lane: Lane<Target> = {
        name: "forwarding",
        find: (id) => {
          for (const { targets } of registry.values()) for (const one of targets.values()) if (one.id === id) return one
          return undefined
        },
        enabled: () => all().filter(isEnabled),
        isEnabled,
        deliver: yield* Attempts.make(recent),
        fill: yield* Filling.make(recent),
        retries,
        isPatient: true,
        failed: () => Effect.void,
        tend: () => Effect.void,
        counts: { attempted: forwardAttempted, settled: forwardSettled, arrived: forwardArrived }
      }
      const holds = yield* Holds
      holds.add(yield* Held.make)
      const standing = yield* Standing
      const { isAnyFailing } = yield* Backlog.watch(
        {
          all,
          isEnabled,
          gauges: {
            pending: ["homing_forwards_pending", "Deliveries to targets that wait, or are tried again."],
            suspended: ["homing_forwards_suspended", "Deliveries that wait until their target is enabled."],
            oldestSeconds: [
              "homing_forward_oldest_seconds",
              "How long ago the oldest of what is pending was recorded."
            ],
            failing: ["homing_targets_failing", "Targets at which nothing has arrived for five minutes."]
          }
        },
        options.lookMillis
      )
      standing.watch(() => (isAnyFailing() ? ["target_failing"] : []))
      yield* Deliverer.run(lane, options)
    })
  )
