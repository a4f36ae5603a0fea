import { Schema } from "effect"
import { setting, whole } from "../Setting.ts"

/** Where the door is, and how it opens and closes. */
export const settings = {
  host: setting("HOST", "127.0.0.1", Schema.NonEmptyString, "a host name or address", "Where the API listens."),
  port: setting("PORT", "4010", whole(0, 65_535), "a port, 0 to 65535", "The port it listens on; 0 takes a free one."),
  connectionLimit: setting(
    "CONNECTION_LIMIT",
    "10000",
    whole(1, 1_000_000),
    "a number from 1 to 1000000",
    "How many connections one process may have open; when it is met, idle ones are closed to make room, and new ones unheard."
  ),
  drainTimeoutMs: setting(
    "DRAIN_TIMEOUT_MS",
    "10000",
    whole(0, 600_000),
    "milliseconds, 0 to 600000",
    "How long a stop may take: open requests first, then what is under way to WhatsApp."
  )
}
