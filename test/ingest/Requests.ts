import type { Dice } from "../crash/Dice.ts"
import { type App, apps, object, type Update, type Words } from "./Update.ts"

/** How Meta gathers what it tells: anything with anything of the same app, in any order, and again. */

/** One body, and what it says. */
export interface Request {
  readonly app: App
  readonly updates: ReadonlyArray<Update>
  readonly payload: Words
}

type Item = Extract<Update, { form: "item" }>
interface Change {
  readonly account: string | undefined
  readonly change: Words
}

/** As Meta says of a batch. */
const most = 1_000

/** Some of them together, others apart. */
const portions = <A>(all: ReadonlyArray<A>, dice: Dice): ReadonlyArray<ReadonlyArray<A>> => {
  const found: Array<Array<A>> = []
  for (const one of all) {
    const last = found.at(-1)
    if (last === undefined || dice.below(4) === 0) found.push([one])
    else last.push(one)
  }
  return found
}

const valueOf = (items: ReadonlyArray<Item>): Words => {
  const [{ member, metadata }] = items as [Item]
  const contacts = [...new Set(items.flatMap(({ contact }) => contact ?? []))]
  return {
    messaging_product: "whatsapp",
    metadata,
    ...(contacts.length > 0 && { contacts }),
    [member]: items.map(({ item }) => item)
  }
}

const changesIn = (updates: ReadonlyArray<Update>, dice: Dice): ReadonlyArray<Change> => {
  const items = updates.filter((update) => update.form === "item")
  const together = Map.groupBy(items, ({ account, field, isAlone, mark, member, metadata }) =>
    JSON.stringify([account, field, member, metadata.phone_number_id, isAlone ? mark : ""])
  )
  const listed = [...together.values()]
    .flatMap((some) => portions(some, dice))
    .map((some) => ({ account: some[0]!.account, change: { value: valueOf(some), field: some[0]!.field } }))
  const whole = updates.flatMap((update) =>
    update.form === "value" ? [{ account: update.account, change: { value: update.value, field: update.field } }] : []
  )
  return dice.shuffled([...listed, ...whole])
}

/** Of the one app. */
const requestOf = (app: App, updates: ReadonlyArray<Update>, dice: Dice): Request => {
  const [only] = updates
  if (only?.form === "payload") return { app, updates, payload: only.payload }
  const time = () => 1_760_000_000 + dice.below(1_000_000)
  const around = [...Map.groupBy(changesIn(updates, dice), ({ account }) => account).values()]
    .flatMap((changes) => portions(changes, dice))
    .map((some) => ({ id: some[0]!.account, time: time(), changes: some.map(({ change }) => change) }))
  const bare = updates.flatMap((update) => (update.form === "entry" ? [{ ...update.entry, time: time() }] : []))
  return { app, updates, payload: { object, entry: dice.shuffled([...around, ...bare]) } }
}

const sizeOf = (dice: Dice) => {
  const throwOf = dice.below(100)
  if (throwOf < 50) return dice.between(1, 3)
  if (throwOf < 85) return dice.between(4, 25)
  return throwOf < 98 ? dice.between(26, 100) : dice.between(101, most)
}

/**
 * Each update `redeliveries` times more than once, soon after or much later; but one of ten once alone, so that what is lost
 * of it is not made good by the next time.
 */
export const requests = (all: ReadonlyArray<Update>, redeliveries: number, dice: Dice): ReadonlyArray<Request> => {
  const tellings = all.flatMap((update, n) => {
    const again = dice.below(10) === 0 ? 0 : redeliveries
    const later = () => n + (dice.below(3) === 0 ? dice.below(20) : dice.below(all.length))
    return [n, ...Array.from({ length: again }, later)].map((moment) => ({ moment, update }))
  })
  const inOrder = tellings.toSorted((a, b) => a.moment - b.moment).map(({ update }) => update)
  const found: Array<Request> = []
  for (let from = 0, size = 0; from < inOrder.length; from += size) {
    size = Math.min(sizeOf(dice), 1 + (all.length >> 2))
    const batch = inOrder.slice(from, from + size)
    for (const app of apps) {
      const own = batch.filter((update) => update.app === app)
      const alone = own.filter(({ form }) => form === "payload")
      const rest = own.filter(({ form }) => form !== "payload")
      if (rest.length > 0) found.push(requestOf(app, rest, dice))
      for (const one of alone) found.push(requestOf(app, [one], dice))
    }
  }
  return found
}
