import type { MetaApp } from "../Ids.ts"
import type { MetaPerson } from "./Items.ts"

type Name = readonly [kind: string, identity: string]

/** Everything by which Meta names somebody, what they are best known by first: as other sources write it, so that it is one. */
export const namesOf = (person: MetaPerson | undefined): ReadonlyArray<Name> => [
  ...(person?.phone === undefined ? [] : [["phone", `+${person.phone}`] as const]),
  ...(person?.bsuid === undefined ? [] : [["bsuid", person.bsuid] as const])
]

/** Whose it is when it is nobody's. */
export const accountOf = (app: MetaApp, account: string | undefined): Name => ["meta", account ?? app]
