import { Cause, Effect, Fiber } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { type Group, type Lease, LeaseLost, Leases } from "#domain/ports/Leases.ts"
import { CheckpointMoved } from "./Checkpoint.ts"
import * as Failures from "./Failures.ts"
import { Fitness, type Obstacle, obstacles } from "./Fitness.ts"

/** Which partition a key belongs to, for ever: FNV-1a over its UTF-16 units. */
export const partitionOf = (key: string, partitions: number): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % partitions
}

/** Into how many parts gateways share work; one alone does all of it in one piece. */
export const shared = ({ renewalMillis }: Pick<Leases["Service"], "renewalMillis">): number =>
  renewalMillis === undefined ? 1 : 16

const firstPauseMillis = 1_000
const longestPauseMillis = 10_000

interface Running {
  readonly lease: Lease
  readonly fiber: Fiber.Fiber<unknown>
}

/** Work that stands still does not end by itself, and others wait for its leases. */
const endingMillis = 1_000
/** When all work of a group keeps failing here, another process may be able to do it: for so long it is left to them. */
const restMillis = 5_000

/**
 * Runs `work` for every partition of the group that this process holds, and sees to it that it holds its share. That is
 * none while it cannot do the work, for one of these `hindrances` or because all of it keeps failing here. Work is
 * interrupted when its lease may have ended, and before the lease is given back; work that ends is begun again. A process
 * that was paused hears of it too late to be safe by that alone: what work writes to the database it writes with
 * `Leases.fenced`, and what it does elsewhere must bear being done twice.
 */
export const run = <R>(
  group: Group,
  work: (lease: Lease) => Effect.Effect<unknown, unknown, R>,
  hindrances: ReadonlyArray<Obstacle> = obstacles
): Effect.Effect<never, never, R | Leases> =>
  Effect.scoped(
    Effect.gen(function* () {
      const now = yield* Clocks.steady
      const leases = yield* Leases
      const { obstacle } = yield* Fitness
      const failures = yield* Failures.make
      const scope = yield* Effect.scope
      const running = new Map<number, Running>()
      /** The last life of each partition: the next begins when it is over. */
      const lives = new Map<number, Fiber.Fiber<unknown>>()
      const about = (lease: Lease) => ({ group: group.name, partition: lease.partition })

      const once = (lease: Lease) =>
        Effect.catchCause(work(lease), (cause) => {
          if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
          const failure = Cause.squash(cause)
          if (failure instanceof LeaseLost) return Effect.never // the next renewal hears it as well
          if (failure instanceof CheckpointMoved) {
            return Effect.logWarning(
              "the database has forgotten how far the work on a partition had come",
              about(lease)
            )
          }
          return Effect.logError("the work on a partition failed; it begins again", about(lease), cause)
        })

      /** A little later each time that it ends at once. */
      const again = Effect.fnUntraced(function* (lease: Lease) {
        for (let pause = firstPauseMillis; ; pause = Math.min(pause * 2, longestPauseMillis)) {
          const begun = now()
          yield* failures.life(lease.partition, once(lease))
          if (now() - begun > longestPauseMillis) pause = firstPauseMillis
          yield* Effect.sleep(pause)
        }
      })

      /** Ends when the lease may have ended. */
      const watch = (lease: Lease) =>
        Effect.suspend(() => {
          const left = lease.remaining()
          return left === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(Math.max(left, 0))
        }).pipe(Effect.repeat({ while: () => lease.remaining() > 0 }))

      const start = Effect.fnUntraced(function* (lease: Lease) {
        const before = lives.get(lease.partition)
        failures.forget(lease.partition)
        const fiber = yield* Effect.raceFirst(again(lease), watch(lease)).pipe(
          (life) => (before === undefined ? life : Effect.andThen(Fiber.await(before), life)),
          Effect.ensuring(
            Effect.sync(() => {
              if (running.get(lease.partition)?.lease === lease) running.delete(lease.partition)
            })
          ),
          Effect.forkIn(scope)
        )
        running.set(lease.partition, { lease, fiber })
        lives.set(lease.partition, fiber)
      })

      /** Work ends before its leases are given back, for others to go on at once. */
      const end = (fibers: Iterable<Fiber.Fiber<unknown>>) =>
        Effect.timeoutOption(Fiber.interruptAll(fibers), endingMillis)

      const balance = Effect.gen(function* () {
        const holding = yield* leases.renew(group)
        for (const one of running.values()) {
          if (!holding.leases.includes(one.lease)) yield* Effect.forkIn(Fiber.interrupt(one.fiber), scope)
        }
        for (const lease of holding.leases) {
          if (running.get(lease.partition)?.lease !== lease) yield* start(lease)
        }
        const surplus = holding.leases.slice(holding.share)
        if (surplus.length > 0) {
          yield* end(surplus.flatMap(({ partition }) => running.get(partition)?.fiber ?? []))
          yield* leases.release(surplus)
        }
        const missing = holding.share - holding.leases.length
        if (missing > 0) for (const lease of yield* leases.acquire(group, missing)) yield* start(lease)
      })

      const leave = Effect.suspend(() => Effect.andThen(end(lives.values()), leases.leave(group)))
      let isAside = false
      let restUntil = 0
      const takePart = Effect.gen(function* () {
        const found = obstacle()
        if (failures.areAll([...running.keys()])) {
          restUntil = now() + restMillis
          failures.forget(...running.keys())
          yield* Effect.logWarning("work that keeps failing is left to others for a while", { group: group.name })
        }
        if (now() >= restUntil && (found === undefined || !hindrances.includes(found))) {
          isAside = false
          return yield* balance
        }
        if (isAside) return
        yield* leave
        isAside = true
      })

      const { renewalMillis } = leases
      if (renewalMillis === undefined) {
        yield* balance.pipe(Effect.orDie)
        return yield* Effect.never
      }
      yield* Effect.addFinalizer(() => Effect.ignore(leave))
      let away = false
      return yield* takePart.pipe(
        Effect.andThen(
          Effect.sync(() => {
            away = false
          })
        ),
        Effect.catch((cause) => {
          if (away) return Effect.void
          away = true
          return Effect.logWarning("leases cannot be renewed; work stops when they end", { group: group.name }, cause)
        }),
        Effect.andThen(Effect.sleep(renewalMillis)),
        Effect.forever
      )
    })
  )
