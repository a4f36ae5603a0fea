import { Array, Clock, Deferred, Effect, Layer } from "effect"
import { categories } from "#domain/Aggregates.ts"
import { fromMillis } from "#domain/Instant.ts"
import { notice } from "#domain/Notice.ts"
import { BusUnavailable } from "#domain/ports/CommandBus.ts"
import type { Announcement, EventBus, Reached } from "#domain/ports/EventBus.ts"
import type { Lease } from "#domain/ports/Leases.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Beyond from "../events/Beyond.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { Identity } from "../identity/Identity.ts"
import * as Partitions from "../runtime/Partitions.ts"
import * as Subscription from "../runtime/Subscription.ts"
import { eventAnnounced } from "../telemetry/Metrics.ts"
import * as AnnouncedRows from "./AnnouncedRows.ts"
import * as Announcements from "./Announcements.ts"
import { Trouble } from "./Trouble.ts"

const group = { name: "announcements", partitions: 1 }
/** What is published needs no key of the wire. */
const hindrances = ["clock_off", "store_unavailable", "bus_unavailable"] as const

/** How many wait for the server's word at once. */
const mostAtOnce = 256
/** How far the stream has come is not written again for fewer events: its last one says it. */
const rereadLimit = 1_000

/** Whoever was not hindered for so long gets on, also if there was nothing to publish. */
const calmMillis = 15_000
const firstPauseMillis = 250
const longestPauseMillis = 10_000
/** What goes wrong once is done again, and is not told of. */
const quietFailures = 2

const ahead = new BusUnavailable({
  cause: new Error("the stream has come further than the log, in whose place an older copy was put: raise its epoch")
})
const wordsOf = ({ cause }: BusUnavailable) => (cause instanceof Error ? cause.message : String(cause))

/**
 * Publishes every public event on the bus, in the log's order. The stream itself says how far it has come, and takes an event
 * behind that alone: so it has each once, whichever gateway publishes and whatever became of an answer. One gateway at a time
 * does, the one that holds the lease.
 */
export const layer = (bus: EventBus, options: Announcements.Options) =>
  Layer.effect(
    Trouble,
    Effect.gen(function* () {
      const { epoch } = yield* Identity
      const announcementOf = yield* Announcements.make(options)
      const isBeyond = yield* Beyond.make
      const rows = yield* AnnouncedRows.make
      let trouble: string | undefined

      /** Behind which event to go on; `undefined`: with the first that is not too old. */
      const placeOf = Effect.fnUntraced(function* ({ cursor, stream }: Reached) {
        if (cursor !== undefined) return positionOf(epoch, cursor)
        const kept = yield* rows.last
        return kept?.stream === stream ? positionOf(epoch, kept.cursor) : undefined
      })

      /** From where the stream has come to, until something is in the way. */
      const life = Effect.fnUntraced(function* (lease: Lease, gettingOn: Effect.Effect<void>) {
        const reached = yield* bus.reached
        const after = yield* placeOf(reached)
        if (after !== undefined && (yield* isBeyond(after))) return yield* ahead
        if (after !== undefined) yield* rows.keep(lease, { stream: reached.stream, cursor: cursorOf(epoch, after) })
        const oldest = fromMillis(Math.max(0, (yield* Clock.currentTimeMillis) - bus.keptMillis))
        const failed = yield* Deferred.make<never, unknown>()
        let { sequence } = reached
        let unsaved = 0

        const publish = Effect.fnUntraced(function* (announcements: ReadonlyArray<Announcement>) {
          for (const some of Array.chunksOf(announcements, mostAtOnce)) {
            if (!Array.isReadonlyArrayNonEmpty(some)) return
            sequence = yield* bus.publish(sequence, some)
            yield* gettingOn
          }
        })
        const keep = Effect.fnUntraced(function* (position: bigint) {
          if (unsaved < rereadLimit) return
          yield* rows.keep(lease, { stream: reached.stream, cursor: cursorOf(epoch, position) })
          unsaved = 0
        })
        const handle = Effect.fnUntraced(function* (events: Array.NonEmptyReadonlyArray<RecordedEvent>) {
          // where the stream holds nothing, what is older than it keeps has gone by age, or would at once
          const recent = reached.cursor === undefined ? events.filter(({ recordedAt }) => recordedAt >= oldest) : events
          const found = (yield* Effect.forEach(recent, (event) => announcementOf(event, reached.mostBytes))).filter(
            (one) => one !== undefined
          )
          unsaved += events.length
          yield* publish(found.map(({ announcement }) => announcement)).pipe(
            Effect.andThen(keep(events[events.length - 1]!.position)),
            // some may be stored: only the stream knows where to go on
            Effect.catchCause((cause) => Effect.andThen(Deferred.failCause(failed, cause), Effect.never))
          )
          for (const { type } of found) eventAnnounced(type)
        })
        return yield* Effect.raceAllFirst([
          Deferred.await(failed),
          bus.watch(reached.stream),
          Effect.andThen(Effect.delay(gettingOn, calmMillis), Effect.never),
          Subscription.follow({ name: "announcements", categories, after, handle })
        ])
      })

      const work = (lease: Lease) =>
        Effect.gen(function* () {
          let failures = 0
          const gettingOn = Effect.suspend(() => {
            const wasTroubled = trouble !== undefined
            trouble = undefined
            failures = 0
            return wasTroubled ? notice(Effect.logInfo("events are published on the bus again")) : Effect.void
          })
          const tellTrouble = (reason: string) => {
            if (++failures < quietFailures || trouble === reason) return Effect.void
            trouble = reason
            return notice(Effect.logError("events are not published on the bus; they wait in the log", { reason }))
          }
          const pause = Effect.suspend(() =>
            Effect.sleep(Math.min(firstPauseMillis * 2 ** failures, longestPauseMillis))
          )
          return yield* life(lease, gettingOn).pipe(
            Effect.catchIf(
              (failure) => failure instanceof BusUnavailable,
              (failure) => tellTrouble(wordsOf(failure))
            ),
            Effect.andThen(pause),
            Effect.forever
          )
        }).pipe(
          Effect.ensuring(
            Effect.sync(() => {
              trouble = undefined // it may be another gateway's from here on
            })
          )
        )

      yield* Effect.forkScoped(Partitions.run(group, work, hindrances))
      return () => trouble
    })
  )
