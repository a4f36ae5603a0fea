import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import { optional, parsed } from "../Setting.ts"

/** What is told on the bus besides what anybody there may read. */
export const settings = {
  sealingKeys: optional(
    "EVENTS_SEALING_KEYS",
    parsed(sealingKeysIn),
    '{"keys":[…]}: a JWK Set of 1 to 8 public keys on P-256, each with a kid of its own, none with a d',
    "For whom numbers, names and texts are sealed in the events on NATS: whoever holds one of these keys opens them, and nobody else. Without it they are not there."
  )
}
