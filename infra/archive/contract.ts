import { assert, it } from "@effect/vitest"
import { Context, Effect, type Layer, type Scope, Stream } from "effect"
import { BatchId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { ArchiveRecord, ArchiveService } from "#domain/ports/Archive.ts"

/** Where an adapter archives, empty at first. `open` is a process of its own. */
export interface Place {
  readonly archive: Effect.Effect<ArchiveService, never, Scope.Scope>
  /** Every line that is there, in whichever order. */
  readonly lines: Effect.Effect<ReadonlyArray<{ readonly id: string; readonly body: string }>>
}

export class Places extends Context.Service<Places, { readonly empty: Effect.Effect<Place, never, Scope.Scope> }>()(
  "homing/infra/archive/Places"
) {}

const uuidOf = (kind: number, n: number) => `0000000${kind}-0000-8000-8000-${String(n).padStart(12, "0")}`

/** What is archived of the `n`th request. */
export const recordOf = (n: number, body = `said ${n}`): ArchiveRecord => {
  const [id, event] = [BatchId.make(uuidOf(1, n)), EventId.make(uuidOf(2, n))]
  const receivedAt = fromMillis(1_764_500_000_000 + n * 1_000)
  return {
    name: id,
    place: { position: BigInt(n), event },
    receivedAt,
    line: {
      v: 1,
      kind: "request",
      id,
      app: "default",
      source: "meta",
      position: String(n),
      event,
      receivedAt,
      headers: {},
      bytes: body.length,
      encoding: "utf8",
      body
    }
  }
}
export const recordsOf = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => recordOf(from + i))

const opened = (place: Place) => Effect.flatMap(place.archive, ({ open }) => open)
const empty = Effect.flatMap(Places, (places) => places.empty)

/** The behaviour every archive owes its callers. Run it against each layer; add no adapter options. */
export const archiveContract = <E>(adapter: string, layer: Layer.Layer<Places, E>) =>
  it.layer(layer)(`Archive contract: ${adapter}`, (it) => {
    it.effect("holds what was appended, byte for byte, also for whoever opens it next", () =>
      Effect.gen(function* () {
        const place = yield* empty
        yield* Effect.flatMap(place.archive, ({ ready }) => ready)
        const odd = "line\nbreak, ü, \u2028, \0, 😀"
        yield* Effect.scoped(Effect.flatMap(opened(place), ({ append }) => append([recordOf(0, odd), recordOf(1)])))
        yield* Effect.scoped(Effect.flatMap(opened(place), ({ append }) => append([recordOf(2)])))
        const bodies = (yield* place.lines).map(({ body }) => body)
        assert.sameMembers(bodies, [odd, "said 1", "said 2"])
      })
    )

    it.effect("bears that nothing is appended, and much at once by several", () =>
      Effect.gen(function* () {
        const place = yield* empty
        const { append } = yield* opened(place)
        yield* append([])
        const many = Array.from({ length: 8 }, (_, i) => recordsOf(i * 25, i * 25 + 25))
        yield* Effect.forEach(many, append, { concurrency: "unbounded" })
        assert.lengthOf(new Set((yield* place.lines).map(({ id }) => id)), 200)
      })
    )

    it.effect("has each once when a process that ended is followed by one that goes on as it should", () =>
      Effect.gen(function* () {
        const place = yield* empty
        yield* Effect.scoped(Effect.flatMap(opened(place), ({ append }) => append(recordsOf(0, 5))))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { append, newest } = yield* opened(place)
            const [last] = yield* Stream.runCollect(Stream.take(newest, 1))
            // one that knows by their names what it holds takes them again
            const from = last === undefined ? 2 : Number(last.position) + 1
            assert.isTrue(last === undefined || last.position === 4n)
            yield* append(recordsOf(from, 8))
          })
        )
        const ids = (yield* place.lines).map(({ id }) => id)
        assert.sameMembers(
          ids,
          recordsOf(0, 8).map(({ name }) => name)
        )
      })
    )
  })
