import type { Schedule } from "../webhooks/Retries.ts"

const [second, minute, day] = [1_000, 60_000, 24 * 3_600_000]

/** As long as Meta itself goes on: then a delivery is given up. */
const lastingMillis = 7 * day
/** For so long whoever was forwarded something may have to know that again, and what has to be made again is made again. */
export const longestMillis = lastingMillis + day

/** What to do while a target does not take something: never less often than every six minutes. */
export const schedule: Schedule = {
  delaysMillis: [0, 5 * second, 30 * second, 2 * minute, 5 * minute],
  lastingMillis
}
