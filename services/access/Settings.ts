import { Schema } from "effect"
import { onOrOff, optional, setting, whole } from "../Setting.ts"

export const settings = {
  apiKey: optional(
    "API_KEY",
    Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(16), Schema.isMaxLength(512))),
    "at least 16 characters",
    "A key that may do everything, besides those issued through the API. Without it the first start prints a key, once."
  ),
  sessionHours: setting(
    "SESSION_HOURS",
    "12",
    whole(1, 12),
    "hours, 1 to 12",
    "How long a session of a browser lasts at most, since it was exchanged for a key."
  ),
  sessionIdleMinutes: setting(
    "SESSION_IDLE_MINUTES",
    "60",
    whole(5, 720),
    "minutes, 5 to 720",
    "After how long a session ends by which nothing is asked."
  ),
  sessionsPerClient: setting(
    "SESSIONS_PER_CLIENT",
    "20",
    whole(1, 1_000),
    "a number from 1 to 1000",
    "How many sessions a client may have; a further one ends the oldest."
  ),
  logsReads: setting(
    "ACCESS_LOG_READS",
    "on",
    onOrOff,
    "on or off",
    "Whether reads of personal data through the API are events too: one a minute at most for each client and kind."
  )
}
