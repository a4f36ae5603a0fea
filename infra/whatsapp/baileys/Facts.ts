import "./QuietLibsignal.ts"
import { type BinaryNode, proto, type WAMessage } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { fromMillis, Instant } from "#domain/Instant.ts"
import { Heard, type HeardContent } from "#domain/inbound/Heard.ts"
import { contentOf } from "./heard/Content.ts"
import { type AlsoKnown, personOf } from "./heard/People.ts"
import { idOf } from "./heard/Targets.ts"
import { type Whereabouts, whereaboutsOf } from "./heard/Whereabouts.ts"

/** What a stanza of WhatsApp's, opened, says to a person. */

const isInstant = Schema.is(Instant)
const isHeard = Schema.is(Heard)

export const instantOf = (seconds: string | undefined): Instant | undefined => {
  if (seconds === undefined || !/^[1-9]\d{0,10}$/.test(seconds)) return undefined // 0: it does not say
  const instant = fromMillis(Number(seconds) * 1_000)
  return isInstant(instant) ? instant : undefined
}

/** As Baileys has read a stanza: opened, or with a stub instead; and the message as it was encoded, where it was opened. */
export interface Read {
  readonly opened: WAMessage
  readonly encoded?: Uint8Array
  /** Those that the message of which it speaks may have. */
  readonly secrets?: ReadonlyArray<Uint8Array>
}

const { CIPHERTEXT } = proto.WebMessageInfo.StubType

const contentIn = (
  { opened: { message, messageStubType: stub }, encoded, secrets }: Read,
  where: Whereabouts
): HeardContent | undefined => {
  if (stub === CIPHERTEXT) return { type: "undecryptable" }
  if (message) return contentOf(message, where, { ...(encoded && { encoded }), ...(secrets && { secrets }) })
  // what is to be looked at once comes to no device but phones; any other stub is no message
  return stub ? undefined : { type: "undecryptable" }
}

/** What was heard, if it is for people. */
export const factOf = (
  { attrs }: BinaryNode,
  read: Read,
  me: { readonly id: string; readonly lid?: string | undefined },
  alsoKnown: AlsoKnown
): Heard | undefined => {
  const own = personOf(me.id, me.lid)
  const where = own && whereaboutsOf(read.opened.key, attrs, own, alsoKnown)
  const content = where && contentIn(read, where)
  if (content === undefined) return undefined
  const { chat, fromMe, sender } = where!
  const sentAt = instantOf(attrs.t)
  const name = attrs.notify?.toWellFormed().slice(0, 256).toWellFormed()
  const heard = {
    waMessageId: idOf(attrs.id ?? ""),
    chat,
    sender,
    fromMe,
    ...(sentAt !== undefined && { sentAt }),
    ...(name && { name }),
    content
  }
  return isHeard(heard) ? heard : undefined
}
