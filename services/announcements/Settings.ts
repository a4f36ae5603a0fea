import { Schema } from "effect"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import { optional, parsed, setting } from "../Setting.ts"

/** How numbers, names and texts stand in what is published. */
export const manners = ["omitted", "sealed", "plain"] as const
export type Manner = (typeof manners)[number]

/** What is told on the bus besides what anybody there may read. */
export const settings = {
  personal: setting(
    "EVENTS_PERSONAL",
    "sealed",
    Schema.Literals(manners),
    "omitted, sealed or plain",
    "How numbers, names and texts stand in the events on NATS. sealed: for whoever holds one of EVENTS_SEALING_KEYS; omitted: not at all; plain: as they are, for the server and all who read there."
  ),
  sealingKeys: optional(
    "EVENTS_SEALING_KEYS",
    parsed(sealingKeysIn),
    '{"keys":[…]}: a JWK Set of 1 to 8 public keys on P-256, each with a kid of its own, none with a d',
    "For whom numbers, names and texts are sealed in the events on NATS: whoever holds one of these keys opens them, and nobody else. Without it nothing is sealed, and they are not there."
  )
}
