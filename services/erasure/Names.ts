import { Effect } from "effect"
import type { SubjectId } from "#domain/Ids.ts"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import * as ContactRows from "../contacts/ContactRows.ts"
import * as ConversationRows from "../regions/ConversationRows.ts"
import * as PeopleRows from "./PeopleRows.ts"

/**
 * Every name of one person, by whatever of them: through the contacts of all devices, through what Meta told, and at home
 * through what regions told. Two names that any of these gave to one person are one.
 */
export const make = Effect.gen(function* () {
  const contacts = yield* ContactRows.make
  const people = yield* PeopleRows.make
  const isHome = (yield* RegionFeeds) !== undefined
  const conversations = yield* ConversationRows.make

  const beside = Effect.fnUntraced(function* (name: SubjectId) {
    const ofRegions = isHome ? yield* conversations.namesOf(name) : []
    return [...(yield* contacts.namesBeside(name)), ...(yield* people.namesBeside([name])), ...ofRegions]
  })

  return Effect.fnUntraced(function* (first: SubjectId) {
    const known = new Set([first])
    for (const name of known) {
      for (const other of yield* beside(name)) known.add(other as SubjectId)
    }
    return [...known]
  })
})
