import { Context, Effect, Layer, Schedule } from "effect"
import type { ApiKeyId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { ViewsUnavailable } from "../views/Views.ts"
import * as KeyUseRows from "./KeyUseRows.ts"

const flush = "1 minute"
/** A key that is in use all the time is written once in this time. */
const coarseness = 300_000

/** When keys were used last. Each gateway knows of itself at once, of others, and after a start, to some minutes. */
export class KeyUses extends Context.Service<
  KeyUses,
  {
    readonly note: (key: ApiKeyId, millis: number) => void
    readonly all: Effect.Effect<ReadonlyMap<ApiKeyId, Instant>, ViewsUnavailable>
  }
>()("homing/services/access/KeyUses") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const rows = yield* KeyUseRows.make
      const used = new Map<ApiKeyId, number>()
      const written = new Map<ApiKeyId, number>()

      const write = Effect.fnUntraced(function* (apart: number) {
        const news = [...used].filter(
          ([key, millis]) => millis - (written.get(key) ?? Number.NEGATIVE_INFINITY) >= apart
        )
        yield* rows.keep(news.map(([id, millis]) => ({ id, used_at: fromMillis(millis) })))
        for (const [key, millis] of news) written.set(key, millis)
      })
      yield* Effect.addFinalizer(() => Effect.ignore(write(1)))
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(write(coarseness)), Schedule.spaced(flush)))

      return {
        note: (key, millis) => void used.set(key, millis),
        all: Effect.map(
          Effect.mapError(rows.all, (cause) => new ViewsUnavailable({ cause })),
          (kept) => {
            const last = new Map(kept.map(({ id, used_at: at }) => [id, at]))
            for (const [key, millis] of used) {
              const here = fromMillis(millis)
              if (here > (last.get(key) ?? "")) last.set(key, here)
            }
            return last
          }
        )
      }
    })
  )
}
