import { isDeepStrictEqual } from "node:util"
import { type Audience, type Flaws, flawsOf, type Told } from "../inbound/Judge.ts"
import { dataOf, namesOf } from "./Expected.ts"
import { marks, type Update } from "./Update.ts"

/** When something was first on its way to the gateway, and first answered 200, by one clock. */
export interface Telling {
  readonly began: number
  readonly answered: number
}

export interface Verdict extends Flaws {
  readonly updates: number
  /** Told as contradicting another, and how many should be. */
  readonly conflicts: number
  readonly planted: number
  readonly examples: ReadonlyArray<string>
  readonly audiences: Readonly<Record<string, Flaws>>
}

const isOfMeta = ({ type }: Told) => type.startsWith("homing.meta.")

/** Not in its digests: those may say anything. */
const marksOf = ({ data: { change, phoneNumberId } }: Told) => [...marks.in(JSON.stringify([change, phoneNumberId]))]

const without = (value: object, ...names: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))

/** Without what differs each time, or stands for something as a digest. */
const comparable = ({ data }: Told) => {
  const { change, person, ...rest } = data
  const isListed = Array.isArray(change?.entry)
  return {
    ...without(rest, "id", "conflicting", "group", "message", "target", "receivedAt"),
    ...(person !== undefined && { person: without(person, "names") }),
    ...(change !== undefined && {
      change: isListed ? { ...change, entry: change.entry.map((one: object) => without(one, "time")) } : change
    })
  }
}

/** Whether each thing has one digest, and each digest is of one thing, as far as they were shown. */
const digests = () => {
  const digestOf = new Map<string, string>()
  const thingOf = new Map<string, string>()
  return (thing: string | undefined, digest: string | undefined): boolean => {
    if (thing === undefined || digest === undefined) return thing === digest
    const isNew = !digestOf.has(thing) && !thingOf.has(digest)
    if (isNew) {
      digestOf.set(thing, digest)
      thingOf.set(digest, thing)
    }
    return isNew || (digestOf.get(thing) === digest && thingOf.get(digest) === thing)
  }
}

/** How many of one person stand behind another that was not even on its way when they were answered for. */
const overtaken = (
  updates: ReadonlyArray<Update>,
  places: ReadonlyMap<string, number>,
  tellings: ReadonlyMap<string, Telling>
) => {
  const people = Map.groupBy(
    updates.filter(({ group, mark, person }) => group === undefined && person?.phone !== undefined && places.has(mark)),
    ({ app, person }) => `${app} ${person!.phone}`
  )
  let amount = 0
  for (const them of people.values()) {
    let latest = Number.NEGATIVE_INFINITY
    for (const { mark } of them.toSorted((a, b) => places.get(a.mark)! - places.get(b.mark)!)) {
      const { answered, began } = tellings.get(mark) ?? { began: latest, answered: latest }
      if (answered < latest) amount++
      latest = Math.max(latest, began)
    }
  }
  return amount
}

/** How many contradict another, and whose word is told as a contradiction and is none, or is one and told as none. */
const contradictions = (updates: ReadonlyArray<Update>, found: ReadonlyMap<string, ReadonlyArray<Told>>) => {
  const rivals = Map.groupBy(
    updates.filter(({ rivalry }) => rivalry !== undefined),
    ({ rivalry }) => rivalry
  )
  const pairs = [...rivals.values()].filter(({ length }) => length > 1)
  const inPairs = new Set(pairs.flat().map(({ mark }) => mark))
  const flagged = (mark: string) => (found.get(mark) ?? []).filter(({ data }) => data.conflicting === true).length
  // of a pair one, whichever came second
  const uneven = pairs.filter((pair) => pair.reduce((sum, { mark }) => sum + flagged(mark), 0) !== pair.length - 1)
  const accused = updates.filter(({ mark }) => !inPairs.has(mark) && flagged(mark) > 0)
  return { planted: pairs.length, misjudged: [...uneven.map(([one]) => one!), ...accused].map(({ mark }) => mark) }
}

/** Compares the log with what Meta told, and what everybody was told with the log. */
export const judge = (
  updates: ReadonlyArray<Update>,
  log: ReadonlyArray<Told>,
  tellings: ReadonlyMap<string, Telling>,
  audiences: ReadonlyArray<Audience>
): Verdict => {
  const facts = log.filter(isOfMeta)
  const found = new Map<string, Array<Told>>()
  const examples: Array<string> = []
  let [lost, doubled, wrong] = [0, 0, 0]
  for (const fact of facts) {
    const own = marksOf(fact)
    if (own.length === 1) found.set(own[0]!, [...(found.get(own[0]!) ?? []), fact])
    else {
      wrong++
      examples.push(`${fact.type} ${fact.id}: of ${own.join(" and ") || "nobody"}`)
    }
  }

  const isOne = digests()
  const isRight = (update: Update, fact: Told) => {
    const { group, message, person, target } = fact.data
    const digestsOf: ReturnType<typeof namesOf> = {
      group,
      message,
      target,
      "names.0": person?.names[0],
      "names.1": person?.names[1]
    }
    const areOne = Object.entries(namesOf(update)).every(([name, thing]) => isOne(thing, digestsOf[name]))
    return (
      areOne && fact.type === `homing.meta.${update.kind}.v1` && isDeepStrictEqual(comparable(fact), dataOf(update))
    )
  }
  const known = new Set<string>()
  for (const update of updates) {
    const { mark } = update
    known.add(mark)
    const all = found.get(mark) ?? []
    const about = `${mark} ${update.field} ${update.kind}`
    if (all.length === 0) {
      lost++
      examples.push(`${about}: lost`)
    }
    if (all.length > 1) {
      doubled += all.length - 1
      examples.push(`${about}: ${all.length} times`)
    }
    for (const fact of all.filter((fact) => !isRight(update, fact))) {
      wrong++
      examples.push(`${about}: ${JSON.stringify(fact.data)}`)
    }
  }
  const strange = [...found.keys()].filter((mark) => !known.has(mark))
  examples.push(...strange.map((mark) => `${mark}: never said`))

  const { misjudged, planted } = contradictions(updates, found)
  examples.push(...misjudged.map((mark) => `${mark}: falsely told as a contradiction, or as none`))

  const places = new Map(facts.map((fact, place) => [marksOf(fact)[0]!, place]))
  return {
    updates: updates.length,
    lost,
    doubled,
    wrong: wrong + strange.length + misjudged.length,
    outOfOrder: overtaken(updates, places, tellings),
    conflicts: facts.filter(({ data }) => data.conflicting === true).length,
    planted,
    examples: examples.slice(0, 10),
    audiences: Object.fromEntries(audiences.map((audience) => [audience.name, flawsOf(audience, log)]))
  }
}
