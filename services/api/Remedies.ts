import type { ErrorCode, errorCodes } from "./ErrorCodes.ts"

/** Codes whose cause lies with the gateway, whatever was asked. */
export type OwnCode = {
  [Code in ErrorCode]: (typeof errorCodes)[Code][0] extends 500 | 502 | 503 ? Code : never
}[ErrorCode]

/**
 * What to do about each problem of the gateway's own: its `detail`. The title tells a caller whether to repeat; this tells
 * whoever runs the gateway where to look. It names settings, never their values.
 */
export const remedies: Readonly<Record<OwnCode, string>> = {
  too_many_waits: "WAIT_LIMIT says how many may wait in one process.",
  internal:
    "It may be repeated. The gateway's log says more, at `a request failed`, under the X-Request-Id of this answer.",
  home_unreachable:
    "Ask again later, or without from=home at the home itself. The gateway's log says why, at `the home of regions is asked`.",
  home_refused:
    "Set REGION_HOME_URL to the home, and REGION_HOME_KEY to a key of its with the scope conversations:read.",
  store_unavailable:
    "It is not known whether the request was recorded. If this lasts, the gateway's log says why, at `a port is unavailable` or `not ready`: look whether the disk of DATA_DIR has room, and whether EVENTSTORE_URL and DATABASE_URL answer, where they are set.",
  database_unavailable:
    "Look whether PostgreSQL runs, and can be reached from the gateway's machine under DATABASE_URL. It goes on by itself.",
  bus_unavailable:
    "Look whether NATS runs, and can be reached from the gateway's machine under NATS_URL. What was accepted waits, and it goes on by itself.",
  no_signing_key:
    "Give this gateway the secrets that it lacks, `secrets/gateway-*` of the others, or activate a key whose secrets it has; then start it again.",
  clock_off:
    "Set the clock of the gateway's machine, by NTP: it is compared with the database's. Until then another gateway will do.",
  starting:
    "It ends when the gateway has read its log: `ready` in its log says so. If it does not end, look there for `subscription failed`.",
  out_of_date:
    "Another gateway may do. If this lasts, look whether EVENTSTORE_URL answers, where it is set, and in the gateway's log for `subscription failed`.",
  shutting_down: "Another gateway will do, or this one when it was started again."
}
