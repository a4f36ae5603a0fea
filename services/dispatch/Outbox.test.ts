import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, References, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { partitionOf } from "../runtime/Partitions.ts"
import type { Mark } from "../tables/Positions.ts"
import { deviceCreated, queued, recorded, uuid } from "../testing/ViewsFixture.ts"
import * as Outbox from "./Outbox.ts"

const partitions = 2
const [left, right] = [0, 1].map((wanted) => {
  for (let n = 1; ; n++) if (partitionOf(uuid(n), partitions) === wanted) return uuid(n)
}) as [string, string]

/** An outbox over this log, and who reads from it. `keysFail`: how often nothing can be opened. */
const reading = Effect.fnUntraced(function* (
  log: ReadonlyArray<RecordedEvent>,
  keysFail = 0,
  known: Partial<Outbox.Backlog> = {}
) {
  let asked = 0
  const store = EventStore.of({
    append: () => Effect.die("not here"),
    read: () => Effect.die("not here"),
    head: Effect.die("not here"),
    at: (position) => Effect.succeed(log.find((event) => event.position === position)?.eventId),
    appendable: Effect.die("not here"),
    subscribe: ({ after }) =>
      Stream.concat(Stream.fromIterable(log.filter(({ position }) => position > (after ?? -1n))), Stream.never)
  })
  const keys = SubjectKeys.of({
    all: () => Effect.succeed([]),
    obtain: () => Effect.die("not here"),
    destroy: () => Effect.die("not here"),
    forget: () => {},
    ownership: Effect.die("not here"),
    ready: Effect.void,
    claim: () => Effect.die("not here"),
    find: () =>
      Effect.suspend(() =>
        asked++ < keysFail ? Effect.fail(new SubjectKeysUnavailable({ cause: "away" })) : Effect.succeed("missing")
      )
  })
  const backlog = {
    head: Effect.succeed(undefined),
    position: Effect.succeed(undefined),
    isUnanswered: () => true,
    oldest: () => undefined,
    devices: Effect.succeed([]),
    ...known
  }
  const withheld: Array<readonly [position: bigint, reason: string, issued: boolean]> = []
  const over = new Set<bigint>()
  const outbox = yield* Outbox.make(partitions, backlog, {
    isOver: ({ position }) => Effect.sync(() => over.has(position)),
    withhold: ({ position }, { reason }, issued) => Effect.sync(() => void withheld.push([position, reason, issued]))
  }).pipe(Effect.provideService(SubjectKeys, keys))
  const join = Effect.fnUntraced(function* (partition: number, after?: bigint, begun?: bigint) {
    let handed = after
    const marks: Array<Mark["eventId"]> = []
    const taken: Array<bigint> = []
    yield* outbox
      .join({
        partition,
        begun,
        handed: () => handed,
        take: (orders, last) =>
          Effect.sync(() => {
            handed = last.position
            marks.push(last.eventId)
            taken.push(...orders.map(({ position }) => position))
          })
      })
      .pipe(Effect.provideService(EventStore, store))
    return { handed: () => handed, marks, taken }
  })
  return { asked: () => asked, join, over, withheld }
})
const layer = Layer.merge(NodeCrypto.layer, Layer.succeed(References.MinimumLogLevel, "None"))
const created = [left, right, left, right].map((device, i) => deviceCreated(device, BigInt(i)))

it.effect("hands each partition what is its own after its place, and to nobody anything twice", () =>
  Effect.gen(function* () {
    const { join } = yield* reading(created)
    const ahead = yield* join(0, 0n)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([ahead.taken, ahead.handed()], [[2n], 3n])
    const behind = yield* join(1)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([behind.taken, behind.handed()], [[1n, 3n], 3n])
    assert.deepStrictEqual(ahead.taken, [2n])
  }).pipe(Effect.provide(layer))
)

it.effect("begins again when something cannot be opened, and has handed out nothing before", () =>
  Effect.gen(function* () {
    const log = [...created, queued(9, 4n, right), deviceCreated(left, 5n)]
    const { asked, join } = yield* reading(log, 2)
    const one = yield* join(0)
    const other = yield* join(1)
    yield* TestClock.adjust("100 millis")
    assert.deepStrictEqual([asked(), one.handed(), other.handed()], [1, undefined, undefined])
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(
      [one.taken, other.taken],
      [
        [0n, 2n, 5n],
        [1n, 3n]
      ]
    )
    assert.deepStrictEqual([asked(), one.handed(), other.handed()], [3, 5n, 5n])
  }).pipe(Effect.provide(layer))
)

it.effect("hands nothing to who is gone, and goes on for the others", () =>
  Effect.gen(function* () {
    const { join } = yield* reading([...created, queued(9, 4n, right)], 1)
    const one = yield* join(0)
    const scope = yield* Scope.make()
    const other = yield* Scope.provide(join(1), scope)
    yield* TestClock.adjust("50 millis")
    yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([one.taken, one.handed()], [[0n, 2n], 4n])
    assert.deepStrictEqual([other.taken, other.handed()], [[], undefined])
  }).pipe(Effect.provide(layer))
)

it.effect("says of what cannot be read whether somebody may have issued it, and passes it", () =>
  Effect.gen(function* () {
    const { join, withheld } = yield* reading([deviceCreated(left, 0n), queued(8, 1n, left), queued(9, 2n, left)])
    const one = yield* join(0, undefined, 1n)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(withheld, [
      [1n, "key_lost", true],
      [2n, "key_lost", false]
    ])
    assert.deepStrictEqual([one.taken, one.handed()], [[0n], 2n])
  }).pipe(Effect.provide(layer))
)

it.effect("issues nothing of before it began that has its last word", () =>
  Effect.gen(function* () {
    const { join, over } = yield* reading(created)
    for (const position of [0n, 2n]) over.add(position)
    const one = yield* join(0, undefined, 1n)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([one.taken, one.handed()], [[2n], 3n])
  }).pipe(Effect.provide(layer))
)

it.effect("hands out nothing that an agent has answered", () =>
  Effect.gen(function* () {
    const messages = [queued(1, 4n, right), queued(2, 5n, right), queued(3, 6n, right)]
    const { asked, join } = yield* reading([...created, ...messages], 0, {
      position: Effect.succeed(5n),
      isUnanswered: (id) => id === uuid(2)
    })
    const one = yield* join(1, -1n)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([one.taken, one.handed()], [[1n, 3n], 6n])
    assert.strictEqual(asked(), 2) // to open the second, and the third, of which nothing is known yet
  }).pipe(Effect.provide(layer))
)

it.effect("who has no place in the log begins with the devices, then where the oldest unanswered message stands", () =>
  Effect.gen(function* () {
    const messages = [queued(1, 4n, right), queued(2, 5n, right), queued(3, 6n, right)]
    const { join } = yield* reading(messages, 0, {
      head: Effect.succeed(6n),
      position: Effect.succeed(6n),
      isUnanswered: (id) => id === uuid(2),
      oldest: () => ({ before: 4n }),
      devices: Effect.succeed(created)
    })
    const one = yield* join(0)
    const other = yield* join(1, 5n)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([one.taken, one.handed()], [[0n, 2n], 6n])
    assert.deepStrictEqual([other.taken, other.handed()], [[], 6n])
    assert.strictEqual(one.marks[0], messages[0]!.eventId) // its first place names the event that stands there
  }).pipe(Effect.provide(layer))
)

it.effect("passes over what a newer release has stored", () =>
  Effect.gen(function* () {
    const newer = (position: bigint, stream: string) =>
      recorded(stream, 0, position, { type: `${stream.split("-")[0]}.renewed.v1`, data: { device: left } })
    const log = [newer(0n, `device-${left}`), newer(1n, `message-${uuid(7)}`), deviceCreated(left, 2n)]
    const { join } = yield* reading(log)
    const one = yield* join(partitionOf(left, partitions))
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual([one.taken, one.handed()], [[2n], 2n])
  }).pipe(Effect.provide(layer))
)
