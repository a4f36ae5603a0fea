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
  readonly audiences: Readonly<Record<string, Flaws>>
}

const isReceived = ({ data, type }: Told) => type.startsWith("homing.inbound.") && data.waMessageId !== undefined
const keyOf = (device: string, waMessageId: string) => `${device}/${waMessageId}`
/** How many stand before one that should come first. */
const misplaced = (places: ReadonlyArray<number>) => places.filter((place, i) => i > 0 && place < places[i - 1]!).length

/** What the log says of what the simulator wrote down. `devices`: of each account. */
const ofFacts = (
  expected: ReadonlyArray<Expected>,
  log: ReadonlyArray<Told>,
  devices: ReadonlyMap<string, string>
): Flaws => {
  const completed = new Map(
    log.filter(({ type }) => type === "homing.inbound.decrypted.v1").map(({ data, subject }) => [subject, data])
  )
  const received = Map.groupBy(log.filter(isReceived), ({ data }) => keyOf(data.device, data.waMessageId))
  const placeOf = new Map(log.map(({ id }, place) => [id, place]))
  const known = new Set<string>()
  const chats = new Map<string, Array<number>>()
  let [lost, doubled, wrong] = [0, 0, 0]
  for (const { account, chat, kind, text, waMessageId } of expected) {
    const key = keyOf(devices.get(account)!, waMessageId)
    const found = received.get(key) ?? []
    known.add(key)
    const [first] = found
    if (first === undefined) {
      lost++
      continue
    }
    doubled += found.length - 1
    const said = completed.get(first.subject) ?? first.data
    const words = said.content?.type === "edit" ? said.content.content?.text : said.content?.text
    if (said.kind !== kind || (text !== undefined && words !== text)) wrong++
    if (chat === account) continue // from its own phone, and the record does not say to whom
    const places = chats.get(`${account}/${chat}`) ?? []
    chats.set(`${account}/${chat}`, [...places, placeOf.get(first.id)!])
  }
  const strange = [...received.keys()].filter((key) => !known.has(key)).length
  const outOfOrder = [...chats.values()].reduce((sum, places) => sum + misplaced(places), 0)
  return { lost, doubled, wrong: wrong + strange, outOfOrder }
}

/** Of a fact its chat; of all else, what it is about. */
const lineOf = ({ data, subject, type }: Told, lines: ReadonlyMap<string, string>) =>
  type.startsWith("homing.inbound.") ? (lines.get(subject) ?? subject) : (data.device ?? subject)

const ofAudience = ({ heard, missed = 0 }: Audience, log: ReadonlyArray<Told>): Flaws => {
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
  audiences: ReadonlyArray<Audience>
): Verdict => ({
  facts: expected.length,
  ...ofFacts(expected, log, devices),
  events: log.length,
  audiences: Object.fromEntries(audiences.map((audience) => [audience.name, ofAudience(audience, log)]))
})

export const flawsIn = ({ audiences, doubled, lost, outOfOrder, wrong }: Verdict): ReadonlyArray<string> =>
  Object.entries({ log: { lost, doubled, wrong, outOfOrder }, ...audiences }).flatMap(([who, flaws]) =>
    Object.entries(flaws).flatMap(([what, amount]) => (amount > 0 ? [`${who}: ${amount} ${what}`] : []))
  )
