import type { BinaryNode } from "@whiskeysockets/baileys"
import type { Companion } from "./Companion.ts"
import type { Connection } from "./Connection.ts"
import type { Network } from "./Network.ts"
import type { Observation } from "./Observation.ts"
import type { Phone } from "./Phone.ts"

/** One <message> stanza on its way from an account's companion to a contact. */
export interface Outgoing {
  readonly connection: Connection
  readonly stanza: BinaryNode
  readonly waMessageId: string
  /** The recipient as the client addressed it. */
  readonly to: string
  readonly account: Phone
  readonly companion: Companion
  /** Undefined when the recipient is not on WhatsApp. */
  readonly contact: Phone | undefined
}

/** Records something about a message. */
export const observe = (
  network: Network,
  { waMessageId, account, companion, contact }: Outgoing,
  kind: Observation["kind"],
  facts: Pick<Observation, "text" | "content" | "quotes" | "copies" | "detail"> = {}
) =>
  network.record.add(kind, {
    waMessageId,
    account: account.number,
    device: companion.device,
    ...(contact && { contact: contact.number }),
    ...facts
  })
