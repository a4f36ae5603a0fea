import { Effect, Option, Schema } from "effect"
import { categoryOf, type SubjectId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type RegionFeed, RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import { Report } from "#domain/region/Report.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import { Personal } from "../privacy/Personal.ts"
import { readable, Views } from "../views/Views.ts"
import * as ConversationRows from "./ConversationRows.ts"
import { type Entry, fold, type Joined } from "./Folding.ts"

const Whole = Schema.fromJsonString(Schema.Struct({ data: Schema.Record(Schema.String, Schema.Unknown) }))
const decodeWhole = Schema.decodeUnknownOption(Whole)

/** Up to where somebody has read, as a word that they give back unread. */
const Cursor = Schema.fromJsonString(Schema.Tuple([Instant, Schema.String.check(Schema.isMaxLength(255))]))
const decodeCursor = Schema.decodeUnknownOption(Cursor)

export const cursorOf = ({ at, id }: ConversationRows.Place) =>
  Buffer.from(JSON.stringify([at, id])).toString("base64url")
export const placeOf = (cursor: string): ConversationRows.Place | undefined => {
  const found = decodeCursor(Buffer.from(cursor, "base64url").toString())
  return Option.getOrUndefined(Option.map(found, ([at, id]) => ({ at, id })))
}

/** How long what was taken may need to be folded before an answer counts as behind. */
const patience = "3 seconds"

export interface Asked {
  readonly person: SubjectId
  readonly before: ConversationRows.Place | undefined
  readonly limit: number
}

/** One person's conversation, of all regions and of the home. `undefined` where this is nobody's home. */
export const make = Effect.gen(function* () {
  const feeds = yield* RegionFeeds
  if (feeds === undefined) return undefined
  const events = yield* PublicEvents
  const personal = yield* Personal
  const rows = yield* ConversationRows.make
  const store = yield* EventStore
  const views = yield* Views

  const opened = Effect.fnUntraced(function* (piece: ConversationRows.Piece) {
    const found = (yield* store.read(piece.stream)).find((recorded) =>
      categoryOf(recorded.stream) === Report.category
        ? Report.read(recorded).data.event === piece.event
        : recorded.eventId === piece.event
    )
    if (found === undefined) return undefined
    if (categoryOf(found.stream) !== Report.category) return (yield* events.tell(found, { personal: true }))?.data
    const { whole } = Report.read(found).data
    const place = { tenant: found.metadata.tenant, event: found.eventId, field: "event" }
    const text = yield* personal.reveal(whole, place, { stream: found.stream, subject: whole.subject })
    return Option.getOrUndefined(decodeWhole(text))?.data
  })

  /** From whichever region has it still. */
  const dataOf = Effect.fnUntraced(function* ({ pieces }: Joined) {
    for (const piece of pieces) {
      const data = yield* opened(piece)
      if (data !== undefined) return { data }
    }
    return {}
  })

  const changeJson = Effect.fnUntraced(function* (one: Joined) {
    const { at, fromMe, id } = one.pieces[0].told
    return { id, at, fromMe, regions: one.regions, ...(yield* dataOf(one)) }
  })

  const shown = Effect.fnUntraced(function* ({
    at,
    completed,
    deletion,
    edit,
    id,
    regions,
    said,
    status,
    ...rest
  }: Entry) {
    const { fromMe, step } = said.pieces[0].told
    const isDeleted = deletion !== undefined
    return {
      id,
      at,
      fromMe,
      kind: step,
      regions,
      ...(status !== undefined && { status }),
      ...(!isDeleted && (yield* dataOf(said))),
      ...(completed !== undefined && !isDeleted && { completed: yield* changeJson(completed) }),
      ...(edit !== undefined && !isDeleted && { edit: yield* changeJson(edit) }),
      ...(deletion !== undefined && { deletedAt: deletion.pieces[0].told.at }),
      reactions: yield* Effect.forEach(rest.reactions, changeJson),
      votes: yield* Effect.forEach(rest.votes, changeJson)
    }
  })

  /** Whether everything that its region has published is in what is about to be read: asked of the region itself. */
  const isCurrent = ({ left }: RegionFeed) => Effect.map(left, (found) => found?.events === 0)

  const isFolded = Effect.gen(function* () {
    const head = yield* store.head
    if (head !== undefined) yield* views.written(head)
    return true
  }).pipe(Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(false) }))

  return Effect.fnUntraced(function* ({ before, limit, person }: Asked) {
    const asked = yield* Effect.forEach(feeds, isCurrent, { concurrency: "unbounded" })
    const folded = yield* isFolded
    const reached = new Map((yield* rows.reached).map(({ region, time }) => [region, time]))
    const names = yield* rows.namesOf(person)
    const found = yield* rows.entries(names, before, limit + 1)
    const page = found.slice(0, limit)
    const pieces = yield* rows.piecesOf(page.map(({ id }) => id))
    const called = pieces.flatMap(({ told }) => told.called ?? [])
    const entries = fold(pieces, yield* rows.piecesAbout([...new Set(called)]), names)
    const asOf = feeds.map(({ region }, i) => ({
      region,
      time: reached.get(region) ?? null,
      isCurrent: folded && asked[i] === true
    }))
    const last = found.length > limit ? page.at(-1) : undefined
    return {
      items: yield* Effect.forEach(entries, shown),
      next: last === undefined ? null : cursorOf(last),
      asOf,
      isWhole: asOf.every(({ isCurrent }) => isCurrent)
    }
  }, readable)
})
