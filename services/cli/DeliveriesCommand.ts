import { Effect, Schedule, Schema } from "effect"
import type { Instant } from "#domain/Instant.ts"
import type { statuses } from "../api/DeliveriesApi.ts"
import { NotAsked } from "./AgentsCommand.ts"
import * as Client from "./Client.ts"
import { idAnywhere } from "./TargetsCommand.ts"
import { bad, good, open, say, warn } from "./Terminal.ts"

/** Some of several were not done; of each was said why. */
export class NotAll extends Schema.TaggedError<NotAll>()("NotAll", { done: Schema.Number, asked: Schema.Number }) {
  override get message() {
    return `${this.done} of ${this.asked} deliveries are redriven`
  }
}

type Status = (typeof statuses)[number]

interface Delivery {
  readonly id: string
  readonly type: string
  readonly recordedAt: string
  readonly status: Status
  readonly tries: number
  readonly attempts: ReadonlyArray<{ readonly at: string; readonly status?: number; readonly error?: string }>
}

const colours = { pending: open, delivered: good, dead: bad }
const outcomeOf = ({ error, status }: Delivery["attempts"][number]) => String(status ?? error ?? "no answer")

const lineOf = ({ attempts, id, recordedAt, status, type }: Delivery) => {
  const last = attempts.at(-1)
  return `${recordedAt}  ${colours[status](status)}  ${id}  ${type}${last === undefined ? "" : `  ${outcomeOf(last)}`}`
}
const sayDelivery = (delivery: Delivery, json: boolean) => say(json ? JSON.stringify(delivery) : lineOf(delivery))

/** Where deliveries go: to an endpoint by its id, or to a target by its name or its id. */
export interface Destination {
  readonly endpoint?: string
  readonly target?: string
}
const isNamed = (destination: Destination) => Object.keys(destination).length > 0

/** Those to one destination whose events were recorded `from` a moment on, before another. */
export interface Range {
  readonly destination: Destination
  readonly status: Status | undefined
  readonly from: Instant | undefined
  readonly to: Instant | undefined
}

const pageSize = 200

/** Every page, each as it comes. */
const each = Effect.fnUntraced(function* <E>(
  ask: Client.Ask,
  { destination: { target, ...endpoint }, from, status, to }: Range,
  take: (some: ReadonlyArray<Delivery>) => Effect.Effect<void, E>
) {
  const destination = target === undefined ? endpoint : { ...endpoint, target: yield* idAnywhere(ask, target) }
  for (let after: string | null | undefined; after !== null; ) {
    const query = {
      ...destination,
      limit: pageSize,
      ...(status !== undefined && { status }),
      ...(after !== undefined && { after })
    }
    const page: { readonly items: ReadonlyArray<Delivery>; readonly next: string | null } = yield* ask(
      ({ deliveries }) => deliveries.list({ query })
    )
    yield* take(
      page.items.filter(
        ({ recordedAt }) => (from === undefined || recordedAt >= from) && (to === undefined || recordedAt < to)
      )
    )
    after = page.next
  }
})

export const list = Effect.fnUntraced(function* (ask: Client.Ask, range: Range, json: boolean) {
  if (!isNamed(range.destination)) return yield* new NotAsked({ message: "name an endpoint, or say --target" })
  yield* each(ask, range, (some) =>
    Effect.sync(() => {
      for (const one of some) sayDelivery(one, json)
    })
  )
})

export const show = Effect.fnUntraced(function* (ask: Client.Ask, id: string, json: boolean) {
  const delivery = yield* ask(({ deliveries }) => deliveries.get({ params: { id } }))
  sayDelivery(delivery, json)
  if (!json) for (const attempt of delivery.attempts) say(`  ${attempt.at}  ${outcomeOf(attempt)}`)
})

const tooSoon = (error: unknown) => error instanceof Client.CallFailed && error.code === "rate_limited"

/** Those that are named, or those of a range; what cannot be redriven stops no other. */
export const redrive = Effect.fnUntraced(function* (
  ask: Client.Ask,
  {
    ids,
    json,
    range
  }: {
    readonly ids: ReadonlyArray<string>
    readonly range: Range
    readonly json: boolean
  }
) {
  const isOfOne = isNamed(range.destination)
  const isRanged = range.from !== undefined || range.to !== undefined
  if (ids.length > 0 ? isOfOne || isRanged : !isOfOne) {
    return yield* new NotAsked({ message: "name the deliveries, or say --endpoint or --target" })
  }
  let asked = 0
  let done = 0
  const one = Effect.fnUntraced(function* (id: string) {
    asked++
    const { body } = yield* ask(({ deliveries }) => deliveries.redrive({ params: { id }, headers: {} })).pipe(
      Effect.retry({ while: tooSoon, schedule: Schedule.spaced("1 second") })
    )
    done++
    sayDelivery(body, json)
  })
  /** Without a gateway there is none to ask for the next. */
  const orWarned = (id: string) =>
    Effect.catchTag(one(id), "CallFailed", ({ message }) => Effect.sync(() => warn(`homing: ${id}: ${message}`)))
  yield* Effect.forEach(ids, orWarned, { discard: true })
  if (isOfOne) {
    yield* each(ask, range, (some) => Effect.forEach(some, ({ id }) => orWarned(id), { discard: true }))
  }
  if (done < asked) return yield* new NotAll({ done, asked })
  if (!json && isOfOne) say(`${done} deliveries are redriven`)
})
