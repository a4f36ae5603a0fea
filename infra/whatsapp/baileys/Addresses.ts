import { Schema } from "effect"
import { PhoneNumber, type Recipient } from "#domain/message/Recipient.ts"
import type { AuthState } from "./AuthState.ts"
import { userOf } from "./addresses/User.ts"

/**
 * Whose addresses are whose. A person has a phone number's address and a LID, and each of their devices one of both. Which
 * belong together is the server's word, from its directory or beside what it relays; no client of it can say so.
 */
export interface Addresses {
  /** Of one person, whatever the devices. Whose LID nobody has told is never sent to: keys are asked for under it. */
  readonly isSame: (one: string | undefined, other: string | undefined) => boolean
  /** One name for a person's addresses, as far as it is known whose they are. */
  readonly person: (address: string | undefined) => string | undefined
  /** The other address of whoever has this one, as far as it is known: the LID of a number, or the number of a LID. */
  readonly alsoKnown: (address: string) => string | undefined
  /** Of a device of the account itself. */
  readonly isOwn: (address: string | undefined) => boolean
  /** Where a recipient's messages go to, and words on them come from. */
  readonly of: (to: Recipient) => string
  /** The directory has the recipient at this address. Durable when it returns: the words may come in the next life. */
  readonly found: (to: Recipient, address: string) => void
}

const isPhoneNumber = Schema.is(PhoneNumber)

/** The number whose address it is; `undefined` for a LID's, and for what is no address. */
export const phoneOf = (address: string | undefined): PhoneNumber | undefined => {
  const user = userOf(address)
  const number = `+${user?.name}`
  return user?.kind === "phone" && isPhoneNumber(number) ? number : undefined
}

const numberOf = (to: Recipient) => to.address.slice(1)

/** Where the directory has a number, when that is not the number's own address. */
const elsewhere = "address"
/** Baileys' rows: the LID of a phone number. */
const lids = "lid-mapping"

const lidOf = (notes: Reading, phone: string) => notes.get(lids, phone)
const ofItself = (to: Recipient) => `${numberOf(to)}@s.whatsapp.net`

type Reading = Pick<AuthState["notes"], "get">

export const person = (notes: Reading, address: string | undefined): string | undefined => {
  const user = userOf(address)
  if (user?.kind !== "lid") return user?.name
  const phone = notes.get(lids, `${user.name}_reverse`)
  return typeof phone === "string" && lidOf(notes, phone) === user.name ? phone : `lid ${user.name}`
}

/** As long as both lead to each other: the LID of whoever had a number before still leads to it. */
const alsoKnown = (notes: Reading, address: string): string | undefined => {
  const user = userOf(address)
  if (user === undefined) return undefined
  const isPhone = user.kind === "phone"
  const other = isPhone ? lidOf(notes, user.name) : notes.get(lids, `${user.name}_reverse`)
  if (typeof other !== "string") return undefined
  const back = isPhone ? notes.get(lids, `${other}_reverse`) : lidOf(notes, other)
  return back === user.name ? `${other}@${isPhone ? "lid" : "s.whatsapp.net"}` : undefined
}

export const addressOf = (notes: Reading, to: Recipient): string => {
  const known = notes.get(elsewhere, numberOf(to))
  return typeof known === "string" ? known : ofItself(to)
}

export const make = ({ notes, state: { creds } }: Pick<AuthState, "notes" | "state">): Addresses => {
  const isSame: Addresses["isSame"] = (one, other) => {
    const [a, b] = [userOf(one), userOf(other)]
    if (a === undefined || b === undefined) return false
    if (a.kind === b.kind) return a.name === b.name
    // never the other way round: the LID of whoever had the number before still leads to it
    return a.kind === "phone" ? lidOf(notes, a.name) === b.name : lidOf(notes, b.name) === a.name
  }
  const of = (to: Recipient) => addressOf(notes, to)

  return {
    isSame,
    person: (address) => person(notes, address),
    alsoKnown: (address) => alsoKnown(notes, address),
    isOwn: (address) => isSame(address, creds.me?.id) || isSame(address, creds.me?.lid),
    of,
    found: (to, address) => {
      if (of(to) === address) return
      notes.set(elsewhere, numberOf(to), address === ofItself(to) ? undefined : address)
    }
  }
}
