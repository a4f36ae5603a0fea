import canonicalize from "canonicalize"
import { Clock, Context, Effect, Layer } from "effect"
import * as Secret from "#domain/delivery/Secret.ts"
import { contentDigestOf, uuidV7 } from "#domain/Identifiers.ts"
import { TargetId } from "#domain/Ids.ts"
import type { AppRoutesCommand, RoutesRejected } from "#domain/meta/AppRoutes.ts"
import type { RoutedSource } from "#domain/meta/RoutedSource.ts"
import type { RouteTable } from "#domain/meta/Routing.ts"
import type { Target } from "#domain/meta/Target.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Decision } from "../runtime/AggregateActors.ts"
import { Provenance } from "../runtime/Provenance.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { Views } from "../views/Views.ts"
import * as Commands from "./Commands.ts"
import { Routes } from "./Routes.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"

/** What the environment says of an app: targets that take requests whole, and which fields lead there. */
export interface Said {
  readonly targets: ReadonlyArray<{ readonly name: string; readonly url: string; readonly secret: string }>
  readonly timeoutMillis: number
  readonly routes: Pick<RouteTable, "fields" | "others">
}

/** Makes what the environment says part of the log. */
export class Taking extends Context.Service<
  Taking,
  {
    /** Once: what it said before is not taken again, whatever became of it since. `true`: it was taken. */
    readonly take: (app: RoutedSource, said: Said) => Effect.Effect<boolean, RoutesRejected | Unavailable>
  }
>()("homing/services/routes/Taking") {}

const actor = { kind: "gateway", id: "gateway" } as const

export const layer = Layer.effect(
  Taking,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const personal = yield* Personal
    const { pepper } = yield* Provenance
    const { current, opened } = yield* Routes
    const registry = yield* RoutesRegistry
    const say = yield* Commands.make
    const store = yield* EventStore
    const views = yield* Views

    const keep = Effect.fnUntraced(function* (
      app: RoutedSource,
      { name, secret, url }: Said["targets"][number],
      timeoutMillis: number
    ) {
      const target: Target | undefined = current(app).targets.get(name)
      const known = target === undefined ? undefined : yield* opened(target)
      const id = target?.id ?? TargetId.make(uuidV7(crypto, yield* Clock.currentTimeMillis))
      const tell = (command: (decision: Decision) => AppRoutesCommand) => say(actor, app, id, command)
      const seal = yield* personal.sealFor("target", id)
      const made = Secret.ofOwner(secret)
      const fresh = ({ eventId }: Decision) => ({
        id: Secret.newId(crypto),
        publicKey: made.publicKey,
        box: seal(eventId(0), "secret", made.text)
      })
      if (target === undefined) {
        const plain = { id, name, unit: "raw", timeoutMillis } as const
        yield* tell((decision) => ({
          _tag: "Add",
          added: { ...plain, url: seal(decision.eventId(0), "url", url), secret: fresh(decision) }
        }))
        return
      }
      if (target.unit !== "raw") return // somebody has made it another thing
      if (known?.url !== url || target.timeoutMillis !== timeoutMillis) {
        yield* tell(({ eventId }) => ({
          _tag: "Change",
          changed: { id, timeoutMillis, ...(known?.url !== url && { url: seal(eventId(0), "url", url) }) }
        }))
      }
      if (known?.secrets[0]?.shared === secret) return
      yield* tell((decision) => ({ _tag: "Rotate", id, secret: fresh(decision), until: decision.at }))
    })

    /** Another gateway has begun to take the same. */
    const isAhead = (error: RoutesRejected | Unavailable) =>
      error._tag === "RoutesRejected" && error.reason === "name_taken"

    return {
      take: Effect.fnUntraced(
        function* (app: RoutedSource, said: Said) {
          const head = yield* store.head
          if (head !== undefined) yield* views.reached(head)
          const taken = contentDigestOf(crypto, pepper, canonicalize(said)!)
          if (registry.get(app)?.taken === taken) return false
          for (const target of said.targets) yield* keep(app, target, said.timeoutMillis)
          yield* say(actor, app, app, () => ({
            _tag: "Set",
            routes: { ...current(app).routes, ...said.routes },
            taken
          }))
          return true
        },
        Effect.retry({ while: isAhead, times: 10 })
      )
    }
  })
)
