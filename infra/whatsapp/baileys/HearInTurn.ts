import type { BinaryNode, Contact, WASocket } from "@whiskeysockets/baileys"
import type { Heard } from "#domain/inbound/Heard.ts"
import { type HeldStanzas, standBefore } from "./HeldStanzas.ts"
import type { AlsoKnown } from "./heard/People.ts"

interface Holding {
  readonly stanzas: HeldStanzas
  /** Whether somebody holds it, when that is known. */
  readonly take: (heard: Heard) => Promise<boolean>
}
export type AlsoHearing = Holding & { readonly alsoKnown: AlsoKnown }
export type Line = Pick<WASocket, "authState" | "ws">

/** Hears what stanzas say that need not be opened, in their turn among messages. What is not held goes on at once. */
export const hearInTurn = (
  { authState, ws }: Line,
  options: Holding & {
    readonly tag: "call" | "notification"
    readonly isHeld?: (stanza: BinaryNode) => boolean
    readonly factsOf: (stanza: BinaryNode, me: Contact) => ReadonlyArray<Heard>
  }
): void => {
  const { factsOf, isHeld = () => true, stanzas, tag, take } = options
  const handOn = standBefore(ws, tag)
  const hear = (stanza: BinaryNode) => async () => {
    const { me } = authState.creds
    const all = Promise.all(me === undefined ? [] : factsOf(stanza, me).map(take))
    return { taken: all.then((held) => !held.includes(false)) }
  }
  ws.on(`CB:${tag}`, (stanza: BinaryNode) => {
    if (isHeld(stanza)) stanzas.hold(stanza, hear(stanza), () => handOn(stanza))
    else handOn(stanza)
  })
}
