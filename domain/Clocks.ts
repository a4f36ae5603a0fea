import { Clock, Effect } from "effect"

/** Milliseconds, for code that runs between effects. */
export type Reading = () => number

/** Since 1970. It may be set. */
export const wallOf =
  (clock: Clock.Clock): Reading =>
  () =>
    clock.currentTimeMillisUnsafe()

/** Goes on evenly, from anywhere. */
export const steadyOf =
  (clock: Clock.Clock): Reading =>
  () =>
    Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** Of the clock that the fiber goes by: an agent's is corrected, and a test holds its own. */
export const wall: Effect.Effect<Reading> = Effect.map(Clock.Clock, wallOf)
export const steady: Effect.Effect<Reading> = Effect.map(Clock.Clock, steadyOf)

/** A clock that shows so much more than this one, and goes no faster. */
export const ahead = (clock: Clock.Clock, millis: Reading): Clock.Clock => {
  const now = () => clock.currentTimeMillisUnsafe() + millis()
  const nowNanos = () => clock.currentTimeNanosUnsafe() + BigInt(millis()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: nowNanos,
    currentTimeNanos: Effect.sync(nowNanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}
