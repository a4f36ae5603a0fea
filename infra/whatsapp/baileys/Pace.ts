import { after, type Timer } from "#domain/Timer.ts"

export interface Pacing {
  /** How many may be asked at once after a pause. */
  readonly burst: number
  /** And after those one more each time so long has passed. */
  readonly everyMs: number
}

/** One account's turns to ask the server, over all its connections. */
export interface Pace {
  /** Runs this now if it may, else when its turn has come, in order. */
  readonly next: (work: () => void) => void
}

export const make = ({ burst, everyMs }: Pacing): Pace => {
  const waiting: Array<() => void> = []
  let left = burst
  let since = performance.now()
  let timer: Timer | undefined

  const refill = () => {
    const earned = Math.floor((performance.now() - since) / everyMs)
    since += earned * everyMs
    left = Math.min(burst, left + earned)
    if (left === burst) since = performance.now()
  }

  const run = () => {
    timer = undefined
    refill()
    while (left > 0 && waiting.length > 0) {
      left -= 1
      waiting.shift()?.()
    }
    if (waiting.length > 0) timer = after(Math.max(0, since + everyMs - performance.now()), run)
  }

  return {
    next: (work) => {
      waiting.push(work)
      if (timer === undefined) run()
    }
  }
}
