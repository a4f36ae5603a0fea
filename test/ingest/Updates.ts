import type { Dice } from "../crash/Dice.ts"
import { type Line, lines, people } from "./People.ts"
import { announcements, messages, texts } from "./Saying.ts"
import { type App, marks, object, type Person, type Update, type Words } from "./Update.ts"

/** Everything that Meta has to tell in a run, in the order in which it happens. */

type Of = Pick<Update, "app" | "at" | "mark"> & {
  readonly at: number
  readonly n: number
  readonly person: Person
  readonly line: Line
}
type Make = (of: Of, dice: Dice) => Update

const begunAt = 1_749_416_383
const statuses = ["sent", "delivered", "read", "failed", "played"]
const longestEvent = 192 * 1024

const any = <A>(all: ReadonlyArray<A>, dice: Dice) => all[dice.below(all.length)]!
const present = (words: Words): Words =>
  Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined))
/** A message that the business sent: what it is called says nothing of who speaks of it. */
const sentBefore = (n: number, dice: Dice) => `wamid.SENT${dice.below((n >> 2) + 1)}`

const inList = (
  { app, line: { account, metadata }, mark }: Of,
  field: string,
  kind: string,
  member: string,
  item: Words,
  more: Partial<Update> = {}
): Update =>
  ({
    form: "item",
    mark,
    app,
    account,
    field,
    kind,
    member,
    item: present(item),
    metadata,
    contact: undefined,
    isAlone: false,
    ...more
  }) as Update

const message: Make = (of, dice) => {
  const { at, mark, n, person } = of
  const about = sentBefore(n, dice)
  const type = any(Object.keys(messages), dice)
  const own = `wamid.${mark}`
  const isReply = type !== "reaction" && dice.below(4) === 0
  const group = dice.below(8) === 0 ? `group.${n % 5}` : undefined
  const { bsuid: from_user_id, contact, phone: from } = person
  const base = { from, from_user_id, id: own, timestamp: String(at), type, group_id: group }
  const context = isReply ? { from: of.line.metadata.display_phone_number, id: about } : undefined
  const item = { ...base, context, ...messages[type]!(mark, any(texts, dice), about) }
  return inList(of, "messages", "message", "messages", item, {
    person,
    contact,
    at,
    own,
    ...(group !== undefined && { group }),
    ...((isReply || type === "reaction") && { about })
  })
}

/** Brazil's mobile numbers have a digit more with some than with others: Meta writes both. */
const messageOfTwoSpellings: Make = (of, dice) => {
  const made = message(of, dice)
  if (made.form !== "item" || of.person.phone === undefined) return made
  const contact = { ...of.person.contact, wa_id: `${of.person.phone}9` }
  return { ...made, contact, isAlone: true }
}

const status: Make = (of, dice) => {
  const { at, mark, n, person } = of
  const { bsuid: recipient_user_id, phone: recipient_id } = person
  const [about, status] = [sentBefore(n, dice), any(statuses, dice)]
  const pricing = { billable: true, category: "utility", price: 0.0415, pricing_model: "PMP" }
  const errors = [{ code: 131026, title: "Message undeliverable", error_data: { details: any(texts, dice) } }]
  return inList(
    of,
    "messages",
    "status",
    "statuses",
    {
      id: about,
      status,
      timestamp: String(at),
      recipient_id,
      recipient_user_id,
      biz_opaque_callback_data: mark,
      pricing: status === "sent" ? pricing : undefined,
      errors: status === "failed" ? errors : undefined
    },
    { person, about, status, at, contact: recipient_user_id === undefined ? undefined : person.contact }
  )
}

const echo: Make = (of, dice) => {
  const { at, line, mark, n, person } = of
  const { bsuid: to_user_id, phone: to } = person
  const [from, own] = [line.metadata.display_phone_number, `wamid.ECHO${n}`]
  const text = { body: `${any(texts, dice)} ${mark}` }
  const item = { from, to, to_user_id, id: own, timestamp: String(at), type: "text", text }
  return inList(of, "smb_message_echoes", "echo", "message_echoes", item, { person, own, at })
}

const call: Make = (of, dice) => {
  const { at, line, mark, n, person } = of
  const ours = line.metadata.display_phone_number
  const isOurs = dice.below(2) === 0
  const ends = isOurs
    ? { from: ours, to: person.phone, to_user_id: person.bsuid, direction: "BUSINESS_INITIATED" }
    : { from: person.phone, from_user_id: person.bsuid, to: ours, direction: "USER_INITIATED" }
  const what = any([{ event: "connect" }, { event: "terminate", status: "COMPLETED", duration: 12 }], dice)
  const item = { id: `wacid.CALL${n >> 1}`, ...ends, ...what, timestamp: String(at), biz_opaque_callback_data: mark }
  return inList(of, "calls", "call", "calls", item, { person, at })
}

const preference: Make = (of, dice) => {
  const { at, mark, person } = of
  const { bsuid: user_id, phone: wa_id } = person
  const value = any(["stop", "resume"], dice)
  const item = { wa_id, user_id, detail: mark, category: "marketing_messages", value, timestamp: at }
  return inList(of, "user_preferences", "preference", "user_preferences", item, { person, at })
}

const contact: Make = (of, dice) => {
  const { at, mark, person } = of
  const { bsuid: user_id, phone: phone_number } = person
  const named = present({ full_name: `${any(texts, dice)} ${mark}`, first_name: "A", phone_number, user_id })
  const item = { type: "contact", contact: named, action: "add", metadata: { timestamp: String(at) } }
  return inList(of, "smb_app_state_sync", "contact", "state_sync", item, { person })
}

const inChange = (
  { app, line: { account }, mark }: Of,
  field: string,
  kind: string,
  value: Words,
  more = {}
): Update => ({
  form: "value",
  mark,
  app,
  account,
  field,
  kind,
  value,
  metadata: undefined,
  ...more
})

const history: Make = (of, dice) => {
  const { at, line, mark, n } = of
  const isLong = dice.below(12) === 0
  const metadata = isLong ? { ...line.metadata, phone_number_id: mark } : line.metadata
  const body = isLong ? "é".repeat(longestEvent) : `${any(texts, dice)} ${mark}`
  const said = {
    id: `wamid.PAST${n}`,
    from: of.person.phone ?? "",
    timestamp: String(at),
    type: "text",
    text: { body }
  }
  const chunk = { metadata: { phase: 0, chunk_order: n, progress: 100 }, threads: [{ id: "1", messages: [said] }] }
  const value = { messaging_product: "whatsapp", metadata, history: [chunk] }
  return inChange(of, "history", "history", value, { metadata })
}

const announcement: Make = (of, dice) => {
  const [field, value] = any(announcements, dice)(of.mark, dice)
  return inChange(of, field, "other", value)
}

const complaint: Make = (of) => {
  const { metadata } = of.line
  const errors = [{ code: 130429, title: "Rate limit hit", error_data: { details: of.mark } }]
  return inChange(of, "messages", "other", { messaging_product: "whatsapp", metadata, errors }, { metadata })
}

const unheardOf: Make = ({ app, line: { account }, mark }, dice) => {
  const around = { mark, app, field: "", kind: "other" }
  if (dice.below(2) === 0) return { ...around, form: "entry", account, entry: { id: account, dreams: [mark] } }
  return { ...around, form: "payload", account: undefined, payload: { object, entry: { of: mark } } }
}

const frequencies: ReadonlyArray<readonly [Make, ofHundred: number]> = [
  [message, 45],
  [messageOfTwoSpellings, 1],
  [status, 30],
  [echo, 4],
  [call, 5],
  [preference, 3],
  [contact, 3],
  [history, 2],
  [announcement, 4],
  [complaint, 2],
  [unheardOf, 1]
]
const makers = frequencies.flatMap(([make, often]) => Array.from({ length: often }, () => make))

/** The same name, and something else in it; or the same to the other app, which is nothing to the first. */
const rivalOf = (made: Update, n: number, app: App): Update | undefined => {
  if (made.form !== "item" || (made.kind !== "status" && made.kind !== "message" && made.kind !== "call"))
    return undefined
  const mark = marks.of(n)
  const name = { id: made.own === undefined ? made.item.id : `wamid.TWICE${n}` }
  const own = made.own === undefined ? {} : { own: name.id as string }
  const item = JSON.parse(JSON.stringify(made.item).replaceAll(made.mark, mark)) as Words
  return { ...made, ...own, item: { ...item, ...name }, mark, app }
}

/** `many` of them; of each hundred one contradicts the one before it, and one is told to another app as well. */
export const updates = (many: number, dice: Dice): ReadonlyArray<Update> => {
  const all: Array<Update> = []
  const everybody = people(20 + (many >> 4), dice)
  while (all.length < many) {
    const n = all.length
    const app: App = dice.below(8) === 0 ? "shop" : "default"
    const made = any(makers, dice)(
      { n, mark: marks.of(n), app, at: begunAt + n, person: any(everybody, dice), line: any(lines, dice) },
      dice
    )
    const throwOf = dice.below(100)
    const other: App = app === "shop" ? "default" : "shop"
    const rival = throwOf < 2 ? rivalOf(made, n + 1, throwOf === 0 ? app : other) : undefined
    if (rival === undefined || made.form !== "item") {
      all.push(made)
      continue
    }
    const named = rival.own === undefined ? {} : { own: rival.own }
    const id = (rival as Extract<Update, { form: "item" }>).item.id
    const rivalry = throwOf === 0 ? { rivalry: made.mark } : {}
    all.push({ ...made, ...named, item: { ...made.item, id }, ...rivalry }, { ...rival, ...rivalry })
  }
  return all.slice(0, many)
}
