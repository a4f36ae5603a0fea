import type { Json } from "../Json.ts"
import { textIn } from "./MetaJson.ts"

/** By what Meta names somebody: digits in full, an id that is theirs towards this business alone, or both. */
export interface MetaPerson {
  readonly phone: string | undefined
  /** `MA.1587668549511396`: their country, and digits. */
  readonly bsuid: string | undefined
}

/** A member of a change that lists one thing for each person, and how such a thing reads. */
export interface Items {
  readonly member: string
  readonly kind: "message" | "status" | "echo" | "call" | "preference" | "contact"
  /** What tells it from all others of its kind at one number; with an absent part, nothing but all that it says does. */
  readonly nameOf: (item: Json) => ReadonlyArray<string | undefined>
  readonly personIn: (item: Json) => MetaPerson | undefined
}

const personOf = (phone: string | undefined, bsuid: string | undefined): MetaPerson | undefined =>
  phone === undefined && bsuid === undefined ? undefined : { phone: phone?.replace(/^\+/, ""), bsuid }
const sender = (item: Json) => personOf(textIn(item, "from"), textIn(item, "from_user_id"))
const recipient = (item: Json) => personOf(textIn(item, "to"), textIn(item, "to_user_id"))

/** Where absent they tell nothing apart. */
const partsOf = (item: Json, ...names: ReadonlyArray<string>) => names.map((name) => textIn(item, name) ?? "")

export const items: ReadonlyArray<Items> = [
  {
    member: "messages",
    kind: "message",
    nameOf: (item) => [textIn(item, "id")],
    personIn: sender
  },
  {
    member: "statuses",
    kind: "status",
    // sent and delivered of one message are two things; so are those of two members of a group
    nameOf: (item) => [
      textIn(item, "id"),
      textIn(item, "status"),
      ...partsOf(item, "recipient_id", "recipient_user_id", "recipient_participant_id", "timestamp")
    ],
    personIn: (item) => personOf(textIn(item, "recipient_id"), textIn(item, "recipient_user_id"))
  },
  {
    member: "message_echoes",
    kind: "echo",
    nameOf: (item) => [textIn(item, "id")],
    personIn: recipient
  },
  {
    member: "calls",
    kind: "call",
    nameOf: (item) => [textIn(item, "id"), ...partsOf(item, "event", "status", "timestamp")],
    personIn: (item) => (textIn(item, "direction") === "BUSINESS_INITIATED" ? recipient(item) : sender(item))
  },
  {
    member: "user_preferences",
    kind: "preference",
    nameOf: () => [undefined],
    personIn: (item) => personOf(textIn(item, "wa_id"), textIn(item, "user_id"))
  },
  {
    member: "state_sync",
    kind: "contact",
    nameOf: () => [undefined],
    personIn: (item) => personOf(textIn(item, "contact", "phone_number"), textIn(item, "contact", "user_id"))
  }
]
