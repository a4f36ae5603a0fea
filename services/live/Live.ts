import { Cause, Context, Effect, Exit, Layer, Schema, Stream } from "effect"
import { Client } from "#domain/access/Client.ts"
import { Login } from "#domain/access/Login.ts"
import { categoryOf } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import { every } from "#domain/Timer.ts"
import { Authenticator } from "../access/Authenticator.ts"
import { hears, type Principal } from "../api/Principal.ts"
import { Feed } from "../events/Feed.ts"
import type { Understood } from "../events/Filter.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import { cursorOf } from "../http/Cursor.ts"
import { Identity } from "../identity/Identity.ts"
import { Presences, presenceType } from "../inbound/Presences.ts"
import { liveBroken, observe } from "../telemetry/Metrics.ts"
import * as Broadcast from "./Broadcast.ts"
import type { Ending, Outlet } from "./Outlet.ts"

export interface Options {
  readonly connections: number
  readonly connectionsPerKey: number
  /** How often every connection gets a sign of life, and has to have taken what it was given before. */
  readonly beatMillis?: number
}

/** A place among the connections of clients, held until it is closed. */
export interface Seat {
  /** Tells what happens until the connection is gone. Without a place to begin at: what comes from now on. */
  readonly follow: (asked: Understood, outlet: Outlet) => Effect.Effect<void>
  readonly leave: () => void
}

/** Who follows what happens, as it happens. */
export class Live extends Context.Service<
  Live,
  {
    /** `undefined`: there are as many as there may be, in all or of this key, or the gateway stops. */
    readonly sit: (principal: Principal) => Seat | undefined
    /** Ends all, and lets nobody in any more. For a shutdown. */
    readonly end: Effect.Effect<void>
  }
>()("homing/services/live/Live") {}

/** There are as many connections as there may be, in all or of this key. */
export class ConnectionsFull extends Schema.TaggedError<ConnectionsFull>()("ConnectionsFull", {
  retryAfterSeconds: Schema.Number
}) {}

interface Connection {
  readonly principal: Principal
  readonly outlet: Outlet
  readonly cursor: () => string | undefined
}

const complain = (defect: unknown) =>
  Effect.logError("a connection that follows what happens is cut: something is wrong with it", Cause.die(defect))

/** Where it stands who may still follow. */
const decided: ReadonlyArray<string> = [Client.category, Login.category]
/** A key expires without an event. */
const lookMillis = 1_000

export const layer = ({ beatMillis = 15_000, connections: most, connectionsPerKey }: Options) =>
  Layer.effect(
    Live,
    Effect.gen(function* () {
      const { standing } = yield* Authenticator
      const { epoch } = yield* Identity
      const feed = yield* Feed
      const presences = yield* Presences
      const broadcast = yield* Broadcast.make(feed, yield* PublicEvents)
      const open = new Set<Connection>()
      const perKey = new Map<string, number>()
      let seats = 0
      let stopped = false

      observe("homing_live_connections", "Connections that follow what happens.", () => seats)

      const endEach = (why: (connection: Connection) => Ending | undefined) => {
        for (const connection of open) {
          const found = why(connection)
          if (found !== undefined) connection.outlet.end(found)
        }
      }
      const judge = ({ principal }: Connection): Ending | undefined => {
        const found = standing(principal)
        return found === "good" ? undefined : found === "over" ? "unauthorized" : "key_changed"
      }
      const look = every(lookMillis, () => endEach(judge)).unref()
      const beat = every(beatMillis, () => {
        endEach(({ outlet }) => (outlet.isStuck() ? "too_slow" : undefined))
        for (const { cursor, outlet } of open) outlet.mark(cursor())
      }).unref()
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          look.stop()
          beat.stop()
        })
      )

      /** What was decided about keys and logins ends connections at once: the feed tells of it when it is in force here. */
      const hearOfKeys = feed.listen((events) =>
        Effect.sync(() => {
          if (events.some(({ stream }) => decided.includes(categoryOf(stream)))) endEach(judge)
        })
      )
      yield* Effect.forkScoped(hearOfKeys)

      /** How people are seen by devices of which it may read what they hear. */
      const showingTo = ({ chat, device }: Understood, principal: Principal, outlet: Outlet) => {
        const devices = hears(principal)
        return Stream.runForEach(presences.shown, (shown) =>
          Effect.sync(() => {
            const isWanted =
              (devices === undefined || devices.has(shown.device)) &&
              (device === undefined || device === shown.device) &&
              (chat === undefined || chat.isCalled(shown.device, shown.chat))
            if (isWanted) outlet.show(presenceType, shown.event)
          })
        )
      }

      const follow = Effect.fnUntraced(function* (asked: Understood, principal: Principal, outlet: Outlet) {
        const after = asked.after ?? asked.chat?.upTo ?? (yield* broadcast.head)
        let place = () => after
        const cursor = () => {
          const reached = place()
          return reached === undefined ? undefined : cursorOf(epoch, reached)
        }
        const connection = { principal, outlet, cursor }
        open.add(connection)
        outlet.mark(cursor())
        const found = judge(connection)
        if (stopped || found !== undefined) outlet.end(found ?? "shutting_down")
        /** Each event is for whoever may hear it when it is given. */
        const give: Outlet["give"] = (frame) => {
          const ending = judge(connection)
          if (ending === undefined) outlet.give(frame)
          else outlet.end(ending)
        }
        const told = broadcast.follow({ ...asked, after }, { ...outlet, give }, (noted) => {
          place = noted
        })
        // whoever cannot be told any more is not left to wait for what does not come
        const broken = Effect.suspend(() => {
          liveBroken()
          outlet.end("internal")
          return outlet.gone
        })
        const following = Effect.andThen(Effect.catchDefect(told, complain), broken)
        const showing = asked.presence === true ? showingTo(asked, principal, outlet) : Effect.never
        yield* Effect.ensuring(
          Effect.raceAllFirst([following, showing, outlet.gone]),
          Effect.sync(() => open.delete(connection))
        )
      })

      const sit = (principal: Principal): Seat | undefined => {
        const { key } = principal
        const taken = perKey.get(key) ?? 0
        if (stopped || seats >= most || taken >= connectionsPerKey) return undefined
        seats++
        perKey.set(key, taken + 1)
        const left = new Later<void>()
        return {
          follow: (asked, outlet) => follow(asked, principal, outlet),
          leave: () => {
            if (!left.tell(Exit.void)) return
            seats--
            const others = perKey.get(key)! - 1
            if (others === 0) perKey.delete(key)
            else perKey.set(key, others)
          }
        }
      }

      return {
        sit,
        end: Effect.sync(() => {
          stopped = true
          endEach(() => "shutting_down")
        })
      }
    })
  )
