import { createHash } from "node:crypto"
import type { proto } from "@whiskeysockets/baileys"
import { base64url } from "#domain/Bytes.ts"
import type { Person, Place, Target } from "#domain/inbound/Heard.ts"
import { userOf } from "../addresses/User.ts"
import { isPerson, isSame, personOf, placeOf } from "./People.ts"
import type { Whereabouts } from "./Whereabouts.ts"

const longestId = 128

/** Ids are made by whoever sends. One that is too long is told as its digest: the same for whatever speaks of it. */
export const idOf = (id: string): string =>
  id.length <= longestId ? id.toWellFormed() : `sha256 ${base64url(createHash("sha256").update(id).digest())}`

/** Where it is, if it is not in the chat in which it is spoken of. Of a person the address says nothing: each has another. */
const placeElsewhere = (address: string | null | undefined, { chat }: Whereabouts): Place | undefined => {
  if (!address || userOf(address) !== undefined) return undefined
  const place = placeOf(address)
  return isPerson(chat) || chat.address !== place.address ? place : undefined
}

/** Keys say `fromMe` and name people as their sender sees it. Whoever is not named is, between two, the other one. */
const authorOf = (key: proto.IMessageKey, where: Whereabouts, place: Place | undefined): Person | undefined => {
  const { alsoKnown, chat, fromMe, own, sender } = where
  if (key.fromMe) return sender
  if (key.participant) return personOf(key.participant, alsoKnown(key.participant))
  if (place !== undefined || !isPerson(chat)) return undefined
  return fromMe ? chat : own
}

/** The message that somebody speaks of, and whose it is. Nothing when it is not named. */
export const targetOf = (
  key: proto.IMessageKey | null | undefined,
  where: Whereabouts
): { readonly target: Target; readonly author: Person | undefined } | undefined => {
  if (!key?.id) return undefined
  const place = placeElsewhere(key.remoteJid, where)
  const author = authorOf(key, where, place)
  const fromMe = author !== undefined && isSame(author, where.own)
  const target: Target = {
    waMessageId: idOf(key.id),
    fromMe,
    ...(author !== undefined && !fromMe && { sender: author }),
    ...(place !== undefined && { place })
  }
  return { target, author }
}
