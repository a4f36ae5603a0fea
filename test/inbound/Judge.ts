import type { Handings } from "./Handings.ts"
import type { Expected } from "./Record.ts"

/** A public event, as far as it is looked at. */
export interface Told {
  readonly id: string
  readonly type: string
  readonly subject: string
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; what is wrong with it is found
  readonly data: { readonly [key: string]: any }
}

/** Who was told what, in which order. */
export interface Audience {
  readonly name: string
  readonly heard: ReadonlyArray<string>
  /** So much was there before it began to listen. */
  readonly missed?: number
}

export interface Flaws {
  readonly lost: number
  readonly doubled: number
  readonly wrong: number
  readonly outOfOrder: number
}

export interface Verdict extends Flaws {
  readonly facts: number
  readonly events: number
  /** Some of what is lost, doubled or wrong in the log: its id of WhatsApp's, what it was, and what it was told as. */
  readonly examples: ReadonlyArray<string>
  readonly audiences: Readonly<Record<string, Flaws>>
}

const isReceived = ({ data, type }: Told) => type.startsWith("homing.inbound.") && data.waMessageId !== undefined
const keyOf = (device: string, waMessageId: string) => `${device}/${waMessageId}`
/** How many stand before one that should come first. */
const misplaced = (places: ReadonlyArray<number>) => places.filter((place, i) => i > 0 && place < places[i - 1]!).length

interface Placed extends Pick<Expected, "account" | "stanza"> {
  readonly said: number
  readonly place: number
}

/** How many stand behind one that was said later, though by no connection that one came first. */
const heardTooLate = (chat: ReadonlyArray<Placed>, handings: Handings) => {
  const inLog = chat.toSorted((a, b) => a.place - b.place)
  return inLog.filter(({ account, said, stanza }, i) => {
    const before = inLog[i - 1]
    return before !== undefined && said < before.said && !handings.isHeardFirst(account, before.stanza!, stanza!)
  }).length
}

/** Encrypted under the secret of a message that may have been read only after it: nothing opens it later. */
const mayStaySealed = ({ account, stanza, sealedUnder: of }: Expected, { isAskedAgain, isHeardFirst }: Handings) =>
  of !== undefined && (isAskedAgain(account, of) || isHeardFirst(account, stanza!, of))

/** What the log says of what the simulator wrote down. `devices`: of each account. */
const ofFacts = (
  expected: ReadonlyArray<Expected>,
  log: ReadonlyArray<Told>,
  devices: ReadonlyMap<string, string>,
  handings: Handings
): Flaws & Pick<Verdict, "examples"> => {
  const completed = new Map(
    log.filter(({ type }) => type === "homing.inbound.decrypted.v1").map(({ data, subject }) => [subject, data])
  )
  const received = Map.groupBy(log.filter(isReceived), ({ data }) => keyOf(data.device, data.waMessageId))
  const placeOf = new Map(log.map(({ id }, place) => [id, place]))
  const seen = new Set<string>()
  const chats = new Map<string, Array<Placed>>()
  const examples: Array<string> = []
  let [lost, doubled, wrong] = [0, 0, 0]
  for (const [said, one] of expected.entries()) {
    const { account, chat, kind, stanza, text, waMessageId } = one
    const key = keyOf(devices.get(account)!, waMessageId)
    const found = received.get(key) ?? []
    seen.add(key)
    const [first] = found
    if (first === undefined) {
      lost++
      examples.push(`${waMessageId} ${kind}: lost`)
      continue
    }
    doubled += found.length - 1
    if (found.length > 1) examples.push(`${waMessageId} ${kind}: ${found.map(({ data }) => data.kind).join(" and ")}`)
    const { content, kind: known } = completed.get(first.subject) ?? first.data
    const words = content?.type === "edit" ? content.content?.text : content?.text
    const isRight = known === kind || (known === "other" && mayStaySealed(one, handings))
    if (!isRight || (text !== undefined && words !== text)) {
      wrong++
      examples.push(`${waMessageId} ${kind}: ${known}`)
    }
    if (stanza === undefined) continue
    const placed = { account, stanza, said, place: placeOf.get(first.id)! }
    chats.set(`${account}/${chat}`, [...(chats.get(`${account}/${chat}`) ?? []), placed])
  }
  const strange = [...received.keys()].filter((key) => !seen.has(key))
  examples.push(...strange.map((key) => `${key}: never said`))
  const outOfOrder = [...chats.values()].reduce((sum, chat) => sum + heardTooLate(chat, handings), 0)
  return { lost, doubled, wrong: wrong + strange.length, outOfOrder, examples: examples.slice(0, 10) }
}

/** Of a fact its chat; of all else, what it is about. */
const lineOf = ({ data, subject, type }: Told, lines: ReadonlyMap<string, string>) =>
  type.startsWith("homing.inbound.") ? (lines.get(subject) ?? subject) : (data.device ?? subject)

export const flawsOf = ({ heard, missed = 0 }: Audience, log: ReadonlyArray<Told>): Flaws => {
  const lines = new Map(
    log.filter(isReceived).map(({ data, subject }) => [subject, `${data.device}/${data.chat.names.at(0)}`])
  )
  const places = new Map(log.map((told, place) => [told.id, { place, line: lineOf(told, lines) }]))
  const first = new Set(heard)
  const perLine = Map.groupBy(
    [...first].flatMap((id) => places.get(id) ?? []),
    ({ line }) => line
  )
  return {
    lost: log.slice(missed).filter(({ id }) => !first.has(id)).length,
    doubled: heard.length - first.size,
    wrong: [...first].filter((id) => !places.has(id)).length,
    outOfOrder: [...perLine.values()].reduce((sum, them) => sum + misplaced(them.map(({ place }) => place)), 0)
  }
}

/** Compares the log with what WhatsApp wrote down, and what everybody was told with the log. */
export const judge = (
  expected: ReadonlyArray<Expected>,
  log: ReadonlyArray<Told>,
  devices: ReadonlyMap<string, string>,
  audiences: ReadonlyArray<Audience>,
  handings: Handings
): Verdict => ({
  facts: expected.length,
  ...ofFacts(expected, log, devices, handings),
  events: log.length,
  audiences: Object.fromEntries(audiences.map((audience) => [audience.name, flawsOf(audience, log)]))
})

export const flawsIn = ({ audiences, doubled, lost, outOfOrder, wrong }: Verdict): ReadonlyArray<string> =>
  Object.entries({ log: { lost, doubled, wrong, outOfOrder }, ...audiences }).flatMap(([who, flaws]) =>
    Object.entries(flaws).flatMap(([what, amount]) => (amount > 0 ? [`${who}: ${amount} ${what}`] : []))
  )
