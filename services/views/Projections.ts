import { Array, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { patiently } from "#domain/Patience.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import * as Beside from "./Beside.ts"
import * as Memory from "./Memory.ts"
import * as Progress from "./Progress.ts"
import { Registrations } from "./Registrations.ts"
import * as Remaking from "./Remaking.ts"
import * as Rest from "./Rest.ts"
import * as Rows from "./Rows.ts"
import { Seals } from "./Seals.ts"
import { Views } from "./Views.ts"

const group = { name: "views", partitions: 1 }
/** Rows need no bus and no key. */
const hindrances = ["clock_off", "store_unavailable"] as const

/**
 * Runs the projections of one gateway, or of several on one database. The one that holds the lease writes the rows. In
 * every one, that one too, what is kept in memory follows the log by itself: who waits for what it has just recorded waits
 * for no row.
 */
const running = Layer.effect(
  Views,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const leases = yield* Leases
    const store = yield* EventStore
    const seals = yield* Seals
    const projections = (yield* Registrations).all()
    const views = projections.map(({ rows }) => rows)
    yield* Rows.createCheckpoints(sql)
    yield* Rows.mend(sql, views)
    const kept = projections.flatMap(({ memory, rows }) => (memory === undefined ? [] : [{ memory, rows }]))
    const hydrated = yield* Memory.hydrate(sql, kept)

    /** Once for each in the life of a process. */
    const remade = new Set<string>()
    /** Rows that lack something stand still until they have come as far as this. */
    let goal: bigint | undefined
    let making: Remaking.Making | undefined
    const writing = (lease: Lease) =>
      Effect.gen(function* () {
        const checkpoints = yield* sql<Rows.Checkpoint>`SELECT * FROM checkpoints`
        const standing = views.map((view) => Rows.asItStands(view, checkpoints))
        const older = views.filter((view, i) => view.version !== standing[i]!.version)
        yield* leases.fenced(lease, Beside.clear(sql, views, older))
        const rows = yield* Rows.open(standing, (work) => leases.fenced(lease, work))
        const rest = yield* Rest.make
        const { during, orEnd } = yield* Subscription.committing
        const handle = (events: Array.NonEmptyReadonlyArray<RecordedEvent>) =>
          rows.write(events).pipe(
            Effect.tap(() =>
              Effect.sync(() => {
                if (goal !== undefined && goal <= Array.lastNonEmpty(events).position) goal = undefined
              })
            ),
            Effect.andThen(rest(events)),
            orEnd
          )
        const follow = during(Subscription.follow({ name: "views", categories, after: rows.behind, handle }))
        if (older.length === 0) return yield* follow
        const made = yield* Remaking.make(
          older,
          (work) => leases.fenced(lease, work),
          (now) => {
            making = now
          }
        )
        yield* Effect.raceFirst(follow, made.nearly)
        yield* made.finish // nobody writes the others meanwhile; then all goes on under the new ones
      }).pipe(
        Effect.catch(
          Effect.fnUntraced(function* (failure) {
            if (!(failure instanceof Rows.RowLost)) return yield* Effect.fail(failure)
            goal = failure.upTo
            const lost = views.find(({ name }) => name === failure.view)
            const [first] = yield* store.read(failure.stream)
            const isInLog = first !== undefined && lost?.tables.some((table) => Rows.fills(table, first))
            if (lost === undefined || isInLog !== true || remade.has(lost.name)) return yield* failure
            remade.add(lost.name)
            yield* leases.fenced(lease, Effect.provideService(Rows.remake(sql, lost, "a row is missing"), Seals, seals))
          })
        ),
        Effect.forever,
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            goal = undefined // whoever writes them next knows
            making = undefined
          })
        )
      )
    yield* Effect.forkScoped(Partitions.run(group, writing, hindrances))

    const { counted, position, reached, stands } = yield* Memory.follow(kept, hydrated)

    const rowsReached = Effect.map(sql<Rows.Checkpoint>`SELECT * FROM checkpoints`, (checkpoints) =>
      Progress.lowest(views.map((view) => Rows.positionOf(Rows.checkpointOf(view, checkpoints))))
    )
    return {
      position,
      reached,
      counted,
      stands,
      rowsStand: () => goal !== undefined,
      making: () => making,
      written: (until) =>
        Effect.orDie(Effect.retry(rowsReached, patiently)).pipe(
          Effect.repeat({
            until: (at) => at !== undefined && at >= until,
            schedule: Schedule.spaced("200 millis")
          }),
          Effect.asVoid
        )
    }
  })
)

/**
 * The views, over what registers itself: whoever has these services has what is in memory as it was at the start, or
 * newer.
 */
export const layer = <A, E, R>(registering: Layer.Layer<A, E, R>) =>
  running.pipe(Layer.provideMerge(registering), Layer.provide([Registrations.layer, Seals.layer]))
