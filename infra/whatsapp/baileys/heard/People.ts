import { Schema } from "effect"
import { type Chat, Lid, type Person, type Place } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { userOf } from "../addresses/User.ts"

/** Which other address the server has named for whoever has this one. */
export type AlsoKnown = (address: string) => string | undefined

const isPhone = Schema.is(PhoneNumber)
const isLid = Schema.is(Lid)

const kinds = { "g.us": "group", broadcast: "broadcast", newsletter: "channel" } as const

/** Whose addresses these are. */
export const personOf = (...addresses: ReadonlyArray<string | undefined>): Person | undefined => {
  const users = addresses.map(userOf)
  const phone = users.find((user) => user?.kind === "phone")
  const lid = users.find((user) => user?.kind === "lid")
  const number = phone && `+${phone.name}`
  const person = {
    kind: "person",
    ...(number !== undefined && isPhone(number) && { phone: number }),
    ...(lid !== undefined && isLid(lid.name) && { lid: lid.name })
  } as const
  return "phone" in person || "lid" in person ? person : undefined
}

export const isSame = (one: Person, other: Person): boolean =>
  (one.phone !== undefined && one.phone === other.phone) || (one.lid !== undefined && one.lid === other.lid)

/** Under which addresses WhatsApp knows them. */
export const addressesOf = ({ lid, phone }: Person): ReadonlyArray<string> => [
  ...(lid === undefined ? [] : [`${lid}@lid`]),
  ...(phone === undefined ? [] : [`${phone.slice(1)}@s.whatsapp.net`])
]

/** What is nobody's address. */
export const placeOf = (address: string): Place => {
  const server = address.slice(address.indexOf("@") + 1)
  return {
    kind: Object.entries(kinds).find(([name]) => name === server)?.[1] ?? "other",
    address: address.slice(0, 128).toWellFormed()
  }
}

export const isPerson = (chat: Chat): chat is Person => chat.kind === "person"
