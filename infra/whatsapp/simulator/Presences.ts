import { Schema } from "effect"
import { element } from "./BinaryNodes.ts"
import { Count, Id } from "./content/Members.ts"
import type { Network } from "./Network.ts"
import { PhoneNumber } from "./PhoneNumber.ts"

/** How a contact is seen by an account: by its clients that have asked, and are there. */
export const SeenAs = Schema.Struct({
  from: PhoneNumber,
  to: PhoneNumber,
  state: Schema.Literals(["online", "offline", "typing", "recording", "paused"]),
  /** When a contact that is offline was there last, in seconds since 1970; not shown when left out. */
  lastSeen: Schema.optionalKey(Count),
  /** Writing in this group, which its members are told unasked. */
  group: Schema.optionalKey(Id),
  addressing: Schema.optionalKey(Schema.Literals(["lid", "pn"]))
})
export type SeenAs = typeof SeenAs.Type

/** How many clients were told. */
export const seenAs = (
  network: Network,
  { addressing = "lid", from, group, lastSeen, state, to }: SeenAs
): { readonly told: number } => {
  const phone = network.directory.phone(from)
  const address = addressing === "lid" ? phone.lidJid : phone.jid
  const where = group === undefined ? { from: address } : { from: group, participant: address }
  const writing = state === "recording" ? element("composing", { media: "audio" }) : element("composing")
  const last = state === "offline" ? (lastSeen === undefined ? "deny" : String(lastSeen)) : undefined
  const stanza =
    state === "online" || state === "offline"
      ? element("presence", { ...where, type: state === "offline" ? "unavailable" : undefined, last })
      : element("chatstate", where, [state === "paused" ? element("paused") : writing])
  const told = network.directory
    .phone(to)
    .linked.filter(({ watched }) => group !== undefined || watched.has(from))
    .filter(({ line }) => line?.send(stanza))
  return { told: told.length }
}
