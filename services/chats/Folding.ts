import type { ChangeKind } from "./ChatEvents.ts"

/** Something that stands in a chat. People are numbers here, each with one for all of their names. */
export interface Entry {
  readonly position: bigint
  readonly waMessageId: string
  readonly fromMe: boolean
  readonly author: number
  /** The first under this id of WhatsApp's: it is unique for whoever made it, no more. */
  readonly isFirst: boolean
}

/** What somebody did to it, whichever of them came first. */
export interface Change {
  readonly position: bigint
  readonly waMessageId: string
  readonly fromMe: boolean
  readonly kind: ChangeKind
  readonly author: number
}

/** The last of many, oldest first, and how many more there are. */
export interface Latest {
  readonly shown: ReadonlyArray<Change>
  readonly older: number
}

export interface Folded {
  readonly entry: Entry
  readonly edit: Change | undefined
  readonly deletion: Change | undefined
  readonly reactions: Latest
  readonly votes: Latest
  readonly echoes: ReadonlyArray<Change>
}

const keyOf = ({ fromMe, waMessageId }: Pick<Entry, "fromMe" | "waMessageId">) => `${fromMe} ${waMessageId}`

const oldestFirst = (changes: ReadonlyArray<Change>) => changes.toSorted((a, b) => (a.position < b.position ? -1 : 1))

/** Each is opened for whoever reads, and a group has more people than a page has room for. */
export const mostShown = 256

const latest = (changes: ReadonlyArray<Change>): Latest => ({
  shown: changes.slice(-mostShown),
  older: Math.max(0, changes.length - mostShown)
})

/** Each person's last: whoever was two to us may have left one under each name. */
const lastOfEach = (changes: ReadonlyArray<Change>) =>
  oldestFirst([...new Map(oldestFirst(changes).map((change) => [change.author, change])).values()])

/**
 * What became of each entry. Only its author edits it or takes it back; in a group an administrator may take it back too.
 * What anybody may do is done to the first under an id: who copies an id of somebody else's takes nothing over.
 */
export const fold = (
  entries: ReadonlyArray<Entry>,
  changes: ReadonlyArray<Change>,
  { isGroup }: { readonly isGroup: boolean }
): ReadonlyArray<Folded> => {
  const about = Map.groupBy(changes, keyOf)
  return entries.map((entry) => {
    const all = oldestFirst(about.get(keyOf(entry)) ?? [])
    const ofAll = (kind: ChangeKind) => (entry.isFirst ? all.filter((change) => change.kind === kind) : [])
    const own = (kind: ChangeKind) => all.filter((change) => change.kind === kind && change.author === entry.author)
    return {
      entry,
      edit: own("edit").at(-1),
      deletion: own("deletion").at(-1) ?? (isGroup ? ofAll("admin_deletion").at(-1) : undefined),
      reactions: latest(lastOfEach(ofAll("reaction"))),
      votes: latest(lastOfEach(ofAll("vote"))),
      echoes: ofAll("echo")
    }
  })
}
