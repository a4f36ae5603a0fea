import { setting, whole } from "../Setting.ts"

/** How much may wait. */
export const settings = {
  perDevice: setting(
    "QUEUE_LIMIT_DEVICE",
    "1000",
    whole(1, 1_000_000),
    "a number from 1 to 1000000",
    "How many messages may wait for one device; more are refused with 429."
  ),
  total: setting(
    "QUEUE_LIMIT_TOTAL",
    "10000",
    whole(1, 10_000_000),
    "a number from 1 to 10000000",
    "How many messages may wait for all devices; more are refused with 429."
  ),
  waits: setting(
    "WAIT_LIMIT",
    "5000",
    whole(1, 100_000),
    "a number from 1 to 100000",
    "How many requests may wait for a confirmation, in one process; more are refused with 503 before anything is accepted."
  )
}
