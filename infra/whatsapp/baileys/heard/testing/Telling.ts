import { proto } from "@whiskeysockets/baileys"
import type { HeardContent } from "#domain/inbound/Heard.ts"
import { contentOf } from "../Content.ts"
import { personOf, placeOf } from "../People.ts"
import type { Whereabouts } from "../Whereabouts.ts"

export const own = personOf("15550001@s.whatsapp.net", "900001@lid")!
export const bob = personOf("15550002@s.whatsapp.net", "900002@lid")!
export const carol = personOf("15550003@s.whatsapp.net", "900003@lid")!
export const { Type } = proto.Message.ProtocolMessage
const nobody = { own, alsoKnown: () => undefined, byAdmin: false }

/** Bob to the account, the account from its phone to Bob, and Bob in a group. */
export const fromBob: Whereabouts = { ...nobody, chat: bob, sender: bob, fromMe: false }
export const fromMe: Whereabouts = { ...nobody, chat: bob, sender: own, fromMe: true }
export const inGroup: Whereabouts = { ...nobody, chat: placeOf("120363@g.us"), sender: bob, fromMe: false }

export const told = (message: proto.IMessage, where = fromBob, secrets: ReadonlyArray<Uint8Array> = []) =>
  contentOf(message, where, { secrets })
/** Without what it is told as it was encoded. */
export const shown = (message: proto.IMessage, where?: Whereabouts) => {
  const { raw: _, ...rest } = (told(message, where) ?? {}) as HeardContent & { readonly raw?: string }
  return rest as object
}
