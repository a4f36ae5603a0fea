import { Effect } from "effect"
import type { Peer } from "../contacts/PeerRows.ts"
import { chatNameJson } from "../inbound/FactDocument.ts"
import * as FactRows from "../inbound/FactRows.ts"
import { Personal } from "../privacy/Personal.ts"
import * as ListedChatRows from "./ListedChatRows.ts"

const group = "group"

/** What groups are called, by their number: as what was heard there last says it. */
export const make = Effect.gen(function* () {
  const personal = yield* Personal
  const facts = yield* FactRows.make
  const rows = yield* ListedChatRows.make

  return Effect.fnUntraced(function* (chats: ReadonlyArray<Peer>) {
    const groups = chats.flatMap(({ kind, number }) => (kind === group ? [number] : []))
    const newest = yield* rows.newestHeard(groups)
    const factAt = new Map((yield* facts.at([...newest.values()])).map(({ fact, position }) => [position, fact]))
    const names = new Map<number, { readonly name?: string }>()
    for (const [number, position] of newest) {
      const fact = factAt.get(position)
      if (fact !== undefined) names.set(number, yield* chatNameJson(personal, fact))
    }
    return names
  })
})
