import { Schedule } from "effect"

/** For what must be done however long the other side is away: again at once at first, then every five seconds. */
export const patiently = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])
