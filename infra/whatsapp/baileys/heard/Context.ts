import type { proto } from "@whiskeysockets/baileys"
import { personOf } from "./People.ts"
import { targetOf } from "./Targets.ts"
import type { Unwrapped } from "./Unwrapped.ts"
import { flag, natural, present } from "./Values.ts"
import type { Whereabouts } from "./Whereabouts.ts"

const mostMentions = 1_024

const infoOf = (part: unknown): proto.IContextInfo | undefined =>
  typeof part === "object" && part !== null && "contextInfo" in part ? (part.contextInfo ?? undefined) : undefined

const replyOf = ({ participant, remoteJid, stanzaId }: proto.IContextInfo, where: Whereabouts) =>
  targetOf({ id: stanzaId ?? null, participant: participant ?? null, remoteJid: remoteJid ?? null }, where)?.target

const mentionsOf = ({ mentionedJid }: proto.IContextInfo, { alsoKnown }: Whereabouts) => {
  const people = (mentionedJid ?? []).slice(0, mostMentions).map((address) => personOf(address, alsoKnown(address)))
  const named = people.filter((person) => person !== undefined)
  return named.length > 0 ? named : undefined
}

/** What goes with whatever is said. */
export const contextOf = ({ part, wrappers }: Unwrapped, where: Whereabouts) => {
  const info = infoOf(part) ?? {}
  const isOnce = [...wrappers].some((name) => name.startsWith("viewOnce"))
  const forwards = natural(info.forwardingScore) || (info.isForwarded ? 1 : undefined)
  return present({
    replyTo: replyOf(info, where),
    mentions: mentionsOf(info, where),
    forwards,
    viewOnce: flag(isOnce || (part as { readonly viewOnce?: unknown }).viewOnce),
    disappearsAfterSeconds: natural(info.expiration) || undefined
  })
}
