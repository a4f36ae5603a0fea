import { Context, Effect, Layer, Schedule } from "effect"
import { Login } from "#domain/access/Login.ts"
import type { LoginId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import { type OpenLogin, OpenLogins } from "./OpenLogins.ts"

interface Options {
  readonly idleMinutes: number
  /** How often it is seen what to tell. */
  readonly lookMillis?: number
}

/**
 * When logins were used last. Each gateway knows of itself at once; the log is told every quarter of the time that a login
 * may lie idle, so that elsewhere, and after a start, it may end that much too early, and nowhere too late.
 */
export class LoginUses extends Context.Service<
  LoginUses,
  {
    readonly note: (login: LoginId, millis: number) => void
    /** Milliseconds since 1970, of what is known here. */
    readonly lastOf: (login: OpenLogin) => number
    /** Neither expired nor left idle for too long. */
    readonly isCurrent: (login: OpenLogin, millis: number) => boolean
  }
>()("homing/services/access/LoginUses") {}

export const layer = ({ idleMinutes, lookMillis = 60_000 }: Options) =>
  Layer.effect(
    LoginUses,
    Effect.gen(function* () {
      const open = yield* OpenLogins
      const actors = yield* AggregateActors.make(Login)
      const used = new Map<LoginId, number>()
      const idleMillis = idleMinutes * 60_000
      const coarseness = idleMillis / 4

      const tell = Effect.suspend(() => {
        for (const id of used.keys()) if (!open.has(id)) used.delete(id)
        const news = [...used].filter(([id, millis]) => millis - toMillis(open.get(id)!.usedAt) >= coarseness)
        return Effect.forEach(
          news,
          ([id, millis]) =>
            actors.execute(Login.streamOf(id), () => ({ _tag: "Use", at: fromMillis(millis) }), {
              actor: { kind: "api_key", id: open.get(id)?.key ?? "" },
              correlationId: id,
              causationId: id
            }),
          { discard: true }
        )
      })
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(tell), Schedule.spaced(lookMillis)))

      const lastOf = ({ id, usedAt }: OpenLogin) => Math.max(used.get(id) ?? 0, toMillis(usedAt))
      return {
        note: (id, millis) => void used.set(id, millis),
        lastOf,
        isCurrent: (login, millis) => millis < toMillis(login.expiresAt) && millis - lastOf(login) < idleMillis
      }
    })
  )
