import type { BinaryNode } from "@whiskeysockets/baileys"
import { Effect, Metric } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { digestOf, isOffered } from "./Suspects.ts"

const total = (kind: string) =>
  Metric.counter("homing_whatsapp_stanzas_set_aside_total", {
    description: "Stanzas of WhatsApp that Baileys could not bear, acknowledged in its place, by class",
    attributes: { class: kind },
    incremental: true
  })

/** Counts a stanza that is kept from Baileys, and names it: its class and its digest, nothing that is in it. */
export const tellSetAside = (device: DeviceId, stanza: BinaryNode | undefined): Effect.Effect<void> => {
  const kind = stanza !== undefined && isOffered(stanza) ? stanza.tag : "other"
  const fields = { device, class: kind, ...(stanza && { digest: digestOf(stanza) }) }
  return Effect.andThen(Metric.update(total(kind), 1), Effect.logError("a stanza of WhatsApp's was set aside", fields))
}
