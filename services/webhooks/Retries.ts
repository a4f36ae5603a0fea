/** When an attempt follows the one before that failed, in milliseconds. */

const [second, minute, hour] = [1_000, 60_000, 3_600_000]

/** Of Standard Webhooks: eight attempts within 27 hours and 35 minutes. */
export const delaysMillis: ReadonlyArray<number> = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour
]

/** When a delivery is attempted again, and when it is given up. */
export interface Schedule {
  readonly delaysMillis: ReadonlyArray<number>
  /** The last delay again and again, as long as that was not tried for so long. */
  readonly lastingMillis: number
}

/** To an endpoint. */
export const ofEndpoints = (delays = delaysMillis): Schedule => ({ delaysMillis: delays, lastingMillis: 0 })

/** What was to be a moment for many is spread: later by up to a fifth. */
const jitter = 0.2
/** An endpoint may ask to be left alone for no longer than so. */
export const longestWishMillis = 24 * hour

/** No attempt is put off for longer: one that seems to be was, by a clock that was ahead. */
export const longestMillis = (delays = delaysMillis): number =>
  Math.max(longestWishMillis, Math.max(...delays) * (1 + jitter))

/**
 * How long to wait after so many attempts within `lastedMillis`, all of which failed; `undefined`: it is given up.
 * `chance` is from 0 up to 1; `wish` is what the destination asked for.
 */
export const delayAfter = (
  tries: number,
  wish: number | undefined,
  chance: number,
  { delaysMillis: delays, lastingMillis } = ofEndpoints(),
  lastedMillis = 0
): number | undefined => {
  const delay = delays[tries] ?? (lastedMillis < lastingMillis ? delays.at(-1) : undefined)
  if (delay === undefined) return undefined
  return Math.round(Math.max(delay * (1 + jitter * chance), Math.min(wish ?? 0, longestWishMillis)))
}
