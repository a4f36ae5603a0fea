import { type BinaryNode, getAllBinaryNodeChildren, type WASocket } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import type { Heard } from "#domain/inbound/Heard.ts"
import { Presence } from "#domain/inbound/Presence.ts"
import { personAddress } from "./Addresses.ts"
import { userOf } from "./addresses/User.ts"
import { BoundedMap } from "./BoundedMap.ts"
import { instantOf } from "./Facts.ts"
import { type AlsoKnown, isPerson, personOf, placeOf } from "./heard/People.ts"

/** How the people are seen who write to the account: WhatsApp tells it to whoever is seen as well, of whom they ask for. */

/** So many are asked for in a connection; those who wrote last. */
const mostWatched = 256
/** What was said a moment ago of somebody is not said again. */
const repeatedMs = 10_000
const mostRemembered = 1_024

const isPresence = Schema.is(Presence)

const stateOf = ({ attrs, tag, ...stanza }: BinaryNode): Presence["state"] | undefined => {
  if (tag === "presence") return attrs.type === "unavailable" ? "offline" : "online"
  const [said] = getAllBinaryNodeChildren({ attrs, tag, ...stanza })
  if (said?.tag === "composing") return said.attrs.media === "audio" ? "recording" : "typing"
  return said?.tag === "paused" ? "online" : undefined
}

/** What a stanza says of somebody; nothing where it says nothing of use. */
export const presenceOf = (stanza: BinaryNode, alsoKnown: AlsoKnown): Presence | undefined => {
  const { from = "", last, participant = from } = stanza.attrs
  const state = stateOf(stanza)
  const sender = personOf(participant, alsoKnown(participant))
  const lastSeenAt = state === "offline" ? instantOf(last) : undefined
  const chat = userOf(from) === undefined ? placeOf(from) : sender
  const presence = { chat, sender, state, ...(lastSeenAt !== undefined && { lastSeenAt }) }
  return isPresence(presence) ? presence : undefined
}

type Line = Pick<WASocket, "presenceSubscribe" | "sendNode" | "user" | "ws">

export interface Presences {
  /** The account is seen to be there from now on: nobody else's presence is told to it otherwise. */
  readonly show: () => Promise<void>
  /** Asks how whoever said this is seen from now on. */
  readonly watch: (heard: Heard) => void
}

export const hearPresences = (
  sock: Line,
  { alsoKnown, tell }: { readonly alsoKnown: AlsoKnown; readonly tell: (presence: Presence) => void }
): Presences => {
  const watched = new BoundedMap<true>(mostWatched)
  const told = new BoundedMap<string>(mostRemembered, repeatedMs)

  const hear = (stanza: BinaryNode) => {
    const presence = presenceOf(stanza, alsoKnown)
    if (presence === undefined) return
    const { chat, sender, ...seen } = presence
    const [who, how] = [JSON.stringify([chat, sender]), JSON.stringify(seen)]
    if (told.get(who) === how) return
    told.set(who, how)
    tell(presence)
  }
  for (const tag of ["presence", "chatstate"]) sock.ws.on(`CB:${tag}`, hear)

  return {
    show: () => {
      const name = sock.user?.name?.replace(/@/g, "")
      return sock.sendNode({ tag: "presence", attrs: { type: "available", ...(name && { name }) } })
    },
    watch: ({ chat, fromMe, isHistory }) => {
      const address = isPerson(chat) && !fromMe && !isHistory ? personAddress(chat) : undefined
      if (address === undefined || watched.has(address)) return
      watched.set(address, true)
      sock.presenceSubscribe(address).catch(() => watched.delete(address)) // asked again when they write again
    }
  }
}
