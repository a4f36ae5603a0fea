import { SubjectId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { type Report, type ReportKind, reportKinds, type Status, statusOf } from "#domain/message/Status.ts"
import type { Piece } from "./ConversationRows.ts"

/** What was told, of one event: the same in every region that has it. */
export interface Joined {
  readonly pieces: readonly [Piece, ...ReadonlyArray<Piece>]
  readonly regions: ReadonlyArray<string>
}

export interface Entry {
  readonly id: string
  readonly at: Instant
  readonly said: Joined
  /** What it turned out to say later, for what could not be read at first. */
  readonly completed: Joined | undefined
  readonly regions: ReadonlyArray<string>
  readonly status: Status | undefined
  /** The newest edit and deletion, by whoever may; the newest reaction and vote of each side. */
  readonly edit: Joined | undefined
  readonly deletion: Joined | undefined
  readonly reactions: ReadonlyArray<Joined>
  readonly votes: ReadonlyArray<Joined>
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)
const toldIn = ({ pieces: [{ told }] }: Joined) => told
/** By the source's time, then by id, then by the event: no two are the same. */
const inTime = (one: Joined, other: Joined) =>
  compare(toldIn(one).at, toldIn(other).at) ||
  compare(toldIn(one).id, toldIn(other).id) ||
  compare(one.pieces[0].event, other.pieces[0].event)

const regionsIn = (pieces: ReadonlyArray<Piece>) => [...new Set(pieces.map(({ region }) => region))].toSorted(compare)

/** Each event once, however often and from wherever it came. */
const joined = (pieces: ReadonlyArray<Piece>): ReadonlyArray<Joined> =>
  Map.groupBy(pieces, ({ event }) => event)
    .values()
    .map((same) => {
      const [first, ...others] = same.toSorted((one, other) => compare(one.region, other.region))
      return { pieces: [first!, ...others] as const, regions: regionsIn(same) }
    })
    .toArray()
    .toSorted(inTime)

const kinds: ReadonlySet<string> = new Set(reportKinds)
const somebody = SubjectId.make("s".repeat(43))

/** Reports of the gateway's own way of sending, and statuses of Meta's. */
const reportIn = (one: Joined): ReadonlyArray<Report> => {
  const { attempt = 1, step } = toldIn(one)
  const word = /^(?:message|meta\.status)\.([a-z]+)$/.exec(step)?.[1]
  return word !== undefined && kinds.has(word) ? [{ kind: word as ReportKind, attempt }] : []
}

/** The newest of each side. */
const newestEach = (changes: ReadonlyArray<Joined>) =>
  Map.groupBy(changes, (one) => toldIn(one).fromMe)
    .values()
    .map((same) => same.at(-1)!)
    .toArray()
    .toSorted(inTime)

const entryOf = (all: ReadonlyArray<Joined>, about: ReadonlyArray<Joined>): Entry | undefined => {
  const said = all.find((one) => toldIn(one).names.length > 0)
  if (said === undefined || toldIn(said).target !== undefined) return undefined
  const { at, called, fromMe, id } = toldIn(said)
  const changes = called === undefined ? [] : about.filter((one) => toldIn(one).target === called)
  const of = (step: string) => changes.filter((one) => toldIn(one).step === step)
  /** Nobody edits or deletes what the other side has said. */
  const own = (step: string) => of(step).findLast((one) => toldIn(one).fromMe === fromMe)
  const reports = [...all, ...changes].flatMap(reportIn)
  const isSent = toldIn(said).step === "message.queued" || reports.length > 0
  return {
    id,
    at,
    said,
    completed: all.findLast((one) => toldIn(one).step === "inbound.decrypted"),
    regions: regionsIn(all.flatMap(({ pieces }) => pieces)),
    status: isSent ? statusOf(reports, [somebody]) : undefined,
    edit: own("inbound.edit"),
    deletion: own("inbound.deletion"),
    reactions: newestEach(of("inbound.reaction")),
    votes: newestEach(of("inbound.vote"))
  }
}

/**
 * A conversation of what was told of it: a function of the set of events, in whatever order and however often they came.
 * `about`: what changes them; of the same people, else it is none of theirs.
 */
export const fold = (
  pieces: ReadonlyArray<Piece>,
  about: ReadonlyArray<Piece>,
  names: ReadonlySet<string>
): ReadonlyArray<Entry> => {
  const changes = joined(about.filter(({ told }) => told.names.some((name) => names.has(name))))
  return Map.groupBy(joined(pieces), (one) => toldIn(one).id)
    .values()
    .toArray()
    .flatMap((all) => entryOf(all, changes) ?? [])
    .toSorted((one, other) => compare(other.at, one.at) || compare(other.id, one.id))
}
