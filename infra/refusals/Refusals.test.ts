import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Array, Context, Effect, Layer } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { type Refusal, RefusalLog } from "#domain/ports/RefusalLog.ts"
import { temporaryDirectory } from "../testing/TemporaryDirectory.ts"
import { layer, mostKept } from "./Sqlite.ts"

const refusal = (n: number): Refusal => ({ at: fromMillis(n), reason: "bad_signature", digest: String(n) })
const open = (file: string) =>
  Effect.map(Layer.build(Layer.fresh(layer(file))), (services) => Context.get(services, RefusalLog))

it.effect("keeps the latest, newest first, over a restart, and never more than it may", () =>
  Effect.gen(function* () {
    const file = join(yield* temporaryDirectory, "refusals.db")
    yield* Effect.scoped(Effect.flatMap(open(file), (log) => log.add([refusal(1), refusal(2)])))
    const log = yield* open(file)
    assert.deepStrictEqual(yield* log.latest(10), [refusal(2), refusal(1)])
    for (let n = 3; n < mostKept + 500; n += 1_000) yield* log.add(Array.makeBy(1_000, (i) => refusal(n + i)))
    const kept = yield* log.latest(mostKept * 2)
    assert.lengthOf(kept, mostKept)
    assert.notDeepInclude(kept, refusal(1))
  })
)

it.effect("is unavailable when SQLite fails", () =>
  Effect.gen(function* () {
    const log = yield* Effect.scoped(open(":memory:"))
    assert.strictEqual((yield* Effect.flip(log.latest(1)))._tag, "RefusalLogUnavailable")
    assert.strictEqual((yield* Effect.flip(log.add([refusal(1)])))._tag, "RefusalLogUnavailable")
  })
)
