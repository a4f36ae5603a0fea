import { Effect } from "effect"
import type { TargetId } from "#domain/Ids.ts"
import { Batch } from "#domain/meta/Batch.ts"
import type { MetaPerson } from "#domain/meta/Items.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import { namesOf } from "#domain/meta/Names.ts"
import { routeOf, wholeTo } from "#domain/meta/Routing.ts"
import { type Piece, split } from "#domain/meta/Splitting.ts"
import type { Configuration, Unit } from "#domain/meta/Target.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { addressOf, metaTypeOf } from "../events/MetaDocument.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import * as Contents from "../meta/Contents.ts"
import { Personal } from "../privacy/Personal.ts"
import * as Facts from "../routes/Facts.ts"
import * as Chats from "../webhooks/Chats.ts"
import type { DeliveryKind } from "../webhooks/Delivery.ts"

/** Why what Meta told goes nowhere. */
export type Nowhere =
  /** None that there is names a target. */
  | "no_route"
  /** Nothing is for a target while it is disabled. */
  | "disabled"
  /** A route goes by whom it is with, and that can no longer be read. */
  | "unreadable"

/** What goes to some targets, within which order, and how it is called. */
export interface Wanted {
  readonly targets: ReadonlyArray<TargetId>
  readonly kind: DeliveryKind
  readonly type: string
  readonly chat: string
}

export const requestType = "homing.meta.request.v1"

const named = ({ targets }: Configuration, names: ReadonlyArray<string>, unit: Unit): ReadonlyArray<TargetId> =>
  names.flatMap((name) => {
    const target = targets.get(name)
    return target?.unit === unit && target.disabled === null ? [target.id] : []
  })

const isTaken = ({ targets }: Configuration, unit: Unit) => targets.values().some((target) => target.unit === unit)

const reads = ({ routes: { countries, prefixes } }: Configuration) =>
  Object.keys(prefixes).length > 0 || Object.keys(countries).length > 0

/** Of an event of Meta's, to whom it goes by the configuration that it met. */
export const make = Effect.gen(function* () {
  const chatNamed = yield* Chats.make
  const contents = yield* Contents.make
  const personal = yield* Personal
  const { tell } = yield* PublicEvents
  const store = yield* EventStore

  /** Whom a fact is with; `undefined` where that is sealed, and can no longer be read. */
  const personIn = Effect.fnUntraced(function* (event: RecordedEvent) {
    const { person } = MetaFact.read(event).data
    if (person === undefined) return {}
    const address = yield* addressOf(personal, event)
    return address === undefined ? undefined : { person: JSON.parse(address) as MetaPerson }
  })

  /** Of what was told of one person or thing. What goes whole alone, with its request, goes nowhere else. */
  const changes = Effect.fnUntraced(function* (event: RecordedEvent, configuration: Configuration) {
    const { data } = MetaFact.read(event)
    const { account, field, group, person, phoneNumberId, source } = data
    const known = reads(configuration) ? yield* personIn(event) : {}
    if (known === undefined) return "unreadable" // nor can what was said
    const { targets: names } = routeOf(configuration.routes, { account, field, phoneNumberId, ...known })
    if (names.length === 0) return "no_route"
    const targets = named(configuration, names, "change")
    if (targets.length === 0 && named(configuration, names, "raw").length === 0) return "disabled"
    const chat = `meta/${source.app}/${group ?? person?.names[0] ?? account ?? ""}`
    const found: Wanted = { targets, kind: "change", type: metaTypeOf(data), chat }
    return found
  })

  /** In one order with whatever else is of the one chat that all of it is of; of several it is in none. */
  const chatOf = (app: string, id: string, pieces: ReadonlyArray<Piece>) => {
    const chats = new Set(
      pieces.map(({ account, group, person }) => {
        const [name] = namesOf(person)
        if (group !== undefined) return personal.subjectOf("group", group)
        return name === undefined ? (account ?? "") : personal.subjectOf(...name)
      })
    )
    return chats.size === 1 ? `request/${app}/${[...chats][0]}` : `request/${id}`
  }

  /** Of a request, whole. */
  const requests = Effect.fnUntraced(function* (event: RecordedEvent, configuration: Configuration) {
    const { data, type } = Batch.read(event)
    if (type !== "batch.received" || !isTaken(configuration, "raw")) return undefined
    const id = Batch.idOf(event.stream)
    const payload = yield* contents.of(data)
    if (typeof payload === "string") return undefined // nothing is left to be sent
    const pieces = split(payload)
    const routes = pieces.map((piece) => routeOf(configuration.routes, piece))
    const names = wholeTo(routes, (name) => configuration.targets.get(name)?.unit === "raw")
    const chat = chatOf(data.app, id, pieces)
    const found: Wanted = { targets: named(configuration, names, "raw"), kind: "raw", type: requestType, chat }
    return found
  })

  /**
   * Of what a device heard, or a session source told. What completes a fact goes where the fact does. Of whom it is with
   * nothing is read where no route goes by it.
   */
  const facts = Effect.fnUntraced(function* (event: RecordedEvent, configuration: Configuration) {
    const told = yield* tell(event, { personal: false })
    if (told === undefined) return undefined
    const first = event.revision === 0 ? event : (yield* store.read(event.stream))[0]!
    const known = yield* tell(first, { personal: reads(configuration) })
    if (known === undefined) return undefined
    if (reads(configuration) && Facts.isClosed(known)) return "unreadable"
    const { targets: names } = routeOf(configuration.routes, Facts.routedOf(known))
    if (names.length === 0) return "no_route"
    const targets = named(configuration, names, "change")
    if (targets.length === 0) return "disabled"
    const found: Wanted = { targets, kind: "fact", type: told.type, chat: `fact/${yield* chatNamed(event)}` }
    return found
  })

  return { changes, facts, requests }
})
