import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Client } from "#domain/access/Client.ts"
import { includes } from "#domain/access/Scopes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { digestOf, keyIdIn } from "../access/Credential.ts"
import { Roster, stateOf } from "../access/Roster.ts"
import { Personal } from "../privacy/Personal.ts"
import { revealing } from "../replay/Told.ts"
import { pastOf } from "../runtime/Past.ts"
import { Registrations } from "../views/Registrations.ts"

/** Nobody said that what is personal may be shown. */
export class MayNotOpen extends Schema.TaggedError<MayNotOpen>()("MayNotOpen", { message: Schema.String }) {}

const needed = "set API_KEY to a key that was issued in this log, with the scope messages:read:all"

/** Whoever has the folder has its keys. That they may be used, a key of this log says: the configured one is any word. */
const mayOpen = Effect.fnUntraced(function* (apiKey: Redacted.Redacted | undefined) {
  if (apiKey === undefined) return yield* new MayNotOpen({ message: needed })
  const id = keyIdIn(Redacted.value(apiKey))
  if (id === undefined) return yield* new MayNotOpen({ message: needed })
  const crypto = yield* Crypto
  const store = yield* EventStore
  const wall = yield* Clocks.wall
  const head = yield* store.head
  const { all } = yield* Registrations
  const { keys } = yield* Roster
  if (head !== undefined) {
    yield* Stream.runForEachArray(pastOf([Client.category], head), (events) =>
      Effect.sync(() => {
        const [first, ...rest] = events.filter(isReleased)
        if (first !== undefined) for (const { memory } of all()) memory?.follow([first, ...rest])
      })
    )
  }
  const key = keys.get(id)
  const isGood =
    key !== undefined &&
    crypto.equal(digestOf(crypto, Redacted.value(apiKey)), key.digest) &&
    stateOf(key, fromMillis(wall())) === "active" &&
    includes(key.scopes, "messages:read:all")
  if (!isGood) return yield* new MayNotOpen({ message: needed })
})

const roster = Layer.provideMerge(Roster.layer, Registrations.layer)

/** Shows what is personal, to a key that may have it. */
export const opening = Effect.fnUntraced(function* (apiKey: Redacted.Redacted | undefined) {
  yield* Effect.provide(mayOpen(apiKey), roster)
  return revealing(yield* Personal)
})
