import { originsOf } from "../http/Cors.ts"
import { optional, parsed, setting, whole } from "../Setting.ts"

/** Who may follow what happens over one connection. */
export const settings = {
  authTimeoutSeconds: setting(
    "WS_AUTH_TIMEOUT",
    "5",
    whole(1, 60),
    "seconds, 1 to 60",
    "How long a WebSocket may take to say its key."
  ),
  allowedOrigins: optional(
    "WS_ALLOWED_ORIGINS",
    parsed(originsOf),
    "origins such as https://shop.example, separated by commas, or *",
    "Whose pages may open WebSockets from a browser. Without it none; programs that name no origin always may."
  ),
  strangers: setting(
    "WS_UNAUTHENTICATED",
    "500",
    whole(0, 100_000),
    "a number from 0 to 100000",
    "How many WebSockets may be about to say their key, besides those of clients."
  ),
  strangersPerAddress: setting(
    "WS_UNAUTHENTICATED_PER_ADDRESS",
    "50",
    whole(0, 100_000),
    "a number from 0 to 100000",
    "How many of them may be of one address."
  ),
  connections: setting(
    "LIVE_CONNECTIONS",
    "5000",
    whole(0, 1_000_000),
    "a number from 0 to 1000000",
    "How many connections may follow what happens, Server-Sent Events and WebSockets together."
  ),
  connectionsPerKey: setting(
    "LIVE_CONNECTIONS_PER_KEY",
    "1000",
    whole(0, 1_000_000),
    "a number from 0 to 1000000",
    "How many of them one key may have."
  )
}
