import type { Json, JsonObject } from "../Json.ts"
import { type Items, items, type MetaPerson } from "./Items.ts"
import { isList, isObject, listIn, sortedText, textIn, without, wordIn } from "./MetaJson.ts"

/**
 * What Meta posts at once, taken apart: entries, their changes, and of these whatever speaks of one person each. Nothing
 * of it is lost, whatever it is: what this release has no words for is a piece of its own, whole.
 */
export interface Piece {
  /** `history`: said before the number came to the Cloud API. `other`: it speaks of nothing that is known here. */
  readonly kind: Items["kind"] | "history" | "other"
  /** Of the change: `messages`, `account_update` …; as Meta says it, and empty where it says none. */
  readonly field: string
  /** The WhatsApp Business Account. */
  readonly account: string | undefined
  readonly phoneNumberId: string | undefined
  /** The same however often, in whichever batch and order Meta tells it; another than of all else that the app hears. */
  readonly identity: ReadonlyArray<string>
  /** What it says, without what Meta repeats beside it: told again, it is the same. */
  readonly gist: Json
  /** Whom it is with. */
  readonly person?: MetaPerson | undefined
  /** Where it was said, if that is a group. */
  readonly group?: string | undefined
  /** How they call themselves. */
  readonly name?: string | undefined
  /** What it is itself, if it is a message: by Meta's id. */
  readonly message?: string | undefined
  /** The message that a status, a reaction or a reply is about, by Meta's id. */
  readonly about?: string | undefined
  /** Of a status: `sent`, `delivered` … as Meta says it. */
  readonly status?: string | undefined
  /** As Meta writes it: seconds since 1970, mostly. */
  readonly saidAt?: string | undefined
  /** In Meta's shape, with this piece alone. */
  readonly payload: JsonObject
}

/** Where a piece stands. */
type Place = Pick<Piece, "field" | "account" | "phoneNumberId">
/** A piece of a change, and the value that holds nothing else. */
type Part = Omit<Piece, keyof Place | "payload"> & { readonly value: Json | undefined }

/** Named by nothing but what it says. */
const whole = (kind: Piece["kind"], { account, field }: Place, said: Json) => ({
  kind,
  identity: ["said", kind, field, account ?? "", sortedText(said)],
  gist: said
})

/** The contacts that are of a person, by either of their names. */
const contactsOf = (contacts: ReadonlyArray<Json>) => {
  const byPhone = Map.groupBy(contacts, (contact) => textIn(contact, "wa_id"))
  const byBsuid = Map.groupBy(contacts, (contact) => textIn(contact, "user_id"))
  const under = (all: ReadonlyMap<string | undefined, ReadonlyArray<Json>>, name: string | undefined) =>
    (name !== undefined && all.get(name)) || []
  return (person: MetaPerson | undefined): ReadonlyArray<Json> => [
    ...new Set([...under(byPhone, person?.phone), ...under(byBsuid, person?.bsuid)])
  ]
}

/**
 * Of the contacts that Meta sends along those of each person, since no region is to read of people of another. Where Meta
 * writes a number differently in both, they go by their place: of a message each, or of a person. `others` are nobody's.
 */
const sharedOut = (contacts: ReadonlyArray<Json>, people: ReadonlyArray<MetaPerson | undefined>) => {
  const everybody = new Map<string, number>()
  const turns = people.map((person) => {
    const key = JSON.stringify([person?.phone, person?.bsuid])
    if (!everybody.has(key)) everybody.set(key, everybody.size)
    return everybody.get(key)!
  })
  const named = people.map(contactsOf(contacts))
  const isNamed = new Set(named.flat())
  const placed = (some: ReadonlyArray<Json>, place: number) => {
    const there = contacts[place]
    return some.length > 0 || there === undefined || isNamed.has(there) ? some : [there]
  }
  const inTurn = () => (contacts.length === everybody.size ? named.map((some, i) => placed(some, turns[i]!)) : named)
  const own = contacts.length === people.length ? named.map(placed) : inTurn()
  const isShared = new Set(own.flat())
  return { own, others: contacts.filter((contact) => !isShared.has(contact)) }
}

const isMessage: ReadonlySet<Piece["kind"]> = new Set(["message", "echo"])
const members = new Set(items.map(({ member }) => member))

const partsOf = (place: Place, change: JsonObject): ReadonlyArray<Part> => {
  const { value } = change
  if (place.field === "history") return [{ ...whole("history", place, value ?? change), value }]
  const found = items.flatMap((one) => listIn(value, one.member).map((item) => ({ ...one, item })))
  if (!isObject(value) || found.length === 0) return [{ ...whole("other", place, value ?? change), value }]

  const people = found.map(({ item, personIn }) => personIn(item))
  const { others, own } = sharedOut(listIn(value, "contacts"), people)
  const shared = without(value, (name, member) => isList(member) && (members.has(name) || name === "contacts"))
  const parts = found.map(({ item, kind, member, nameOf }, i): Part => {
    const names = nameOf(item).filter((name) => name !== undefined)
    const isNamed = names.length === nameOf(item).length
    const contacts = own[i]!
    return {
      ...whole(kind, place, item),
      ...(isNamed && { identity: [kind, place.phoneNumberId ?? place.account ?? "", ...names] }),
      person: people[i],
      group: textIn(item, "group_id"),
      name: contacts.length === 1 ? textIn(contacts[0], "profile", "name") : undefined,
      message: isMessage.has(kind) ? textIn(item, "id") : undefined,
      about:
        kind === "status"
          ? textIn(item, "id")
          : (textIn(item, "reaction", "message_id") ?? textIn(item, "context", "id")),
      status: kind === "status" ? wordIn(item, "status") : undefined,
      saidAt: textIn(item, "timestamp"),
      value: { ...shared, ...(contacts.length > 0 && { contacts }), [member]: [item] }
    }
  })
  if (others.length === 0) return parts
  return [...parts, { ...whole("other", place, others), value: { ...shared, contacts: others } }]
}

const nowhere: Place = { field: "", account: undefined, phoneNumberId: undefined }

/** Every piece of what was posted, in its order. */
export const split = (payload: JsonObject): ReadonlyArray<Piece> => {
  const { entry: entries } = payload
  if (!isList(entries) || entries.length === 0) return [{ ...nowhere, ...whole("other", nowhere, payload), payload }]
  return entries.flatMap((entry): ReadonlyArray<Piece> => {
    const around = { ...nowhere, account: wordIn(entry, "id") }
    const alone = (only: Json): JsonObject => ({ ...payload, entry: [only] })
    // when Meta tells it is no part of what it tells
    const asIs = (said: Json): Piece => {
      const gist = isObject(said) ? without(said, (name) => name === "time") : said
      return { ...around, ...whole("other", around, gist), payload: alone(said) }
    }
    if (!isObject(entry) || !isList(entry.changes) || entry.changes.length === 0) return [asIs(entry)]
    return entry.changes.flatMap((change): ReadonlyArray<Piece> => {
      if (!isObject(change)) return [asIs({ ...entry, changes: [change] })]
      const place: Place = {
        ...around,
        field: wordIn(change, "field") ?? "",
        phoneNumberId: wordIn(change, "value", "metadata", "phone_number_id")
      }
      return partsOf(place, change).map(({ value, ...piece }) => {
        const only = value === undefined ? change : { ...change, value }
        return { ...place, ...piece, payload: alone({ ...entry, changes: [only] }) }
      })
    })
  })
}
