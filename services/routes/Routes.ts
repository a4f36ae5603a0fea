import { Context, Effect, Layer } from "effect"
import { beside } from "#domain/Beside.ts"
import * as Secret from "#domain/delivery/Secret.ts"
import { defaultTenant } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { AppRoutes } from "#domain/meta/AppRoutes.ts"
import type { RoutedSource } from "#domain/meta/RoutedSource.ts"
import { noRoutes } from "#domain/meta/Routing.ts"
import type { Configuration, Target } from "#domain/meta/Target.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { Personal } from "../privacy/Personal.ts"
import { RoutesRegistry } from "./RoutesRegistry.ts"

/** What of a target is sealed. */
export interface Opened {
  readonly url: string
  /** Newest first. Of a `raw` one `shared` is what it is told as its secret; empty: nothing. */
  readonly secrets: ReadonlyArray<Secret.Signatory & { readonly until: Instant | null }>
}

/** Where what is heard goes, as the log has it: the same on every gateway, and known without a question to anybody. */
export class Routes extends Context.Service<
  Routes,
  {
    /** Of whom nobody has said anything, nothing leads anywhere. */
    readonly current: (source: RoutedSource) => Configuration
    /** `undefined` when it cannot be read any more. */
    readonly opened: (target: Target) => Effect.Effect<Opened | undefined, SubjectKeysUnavailable>
  }
>()("homing/services/routes/Routes") {}

const nothing: Configuration = { routes: noRoutes, targets: new Map() }

export const layer = Layer.effect(
  Routes,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const personal = yield* Personal
    const registry = yield* RoutesRegistry
    /** Opened once, and known no longer than the target as it is: what has changed is another one. */
    const known = beside<Target, Opened>()

    const open = Effect.fnUntraced(function* (target: Target) {
      const { app, id, secrets: boxes, url: box, urlBy } = target
      const tenant = defaultTenant
      const whose = { stream: AppRoutes.streamOf(app), subject: personal.subjectOf("target", id) }
      const url = yield* personal.reveal(box, { tenant, event: urlBy, field: "url" }, whose)
      const secrets = yield* Effect.forEach(boxes, ({ box, sealedBy, until }) =>
        Effect.map(personal.reveal(box, { tenant, event: sealedBy, field: "secret" }, whose), (text) =>
          text === undefined ? [] : [{ until, ...Secret.signatoryOf(crypto, text) }]
        )
      )
      if (url === undefined || secrets.flat().length === 0) return undefined
      const opened: Opened = { url, secrets: secrets.flat() }
      known.set(target, opened)
      return opened
    })

    return {
      current: (source) => registry.get(source) ?? nothing,
      opened: (target) => {
        const opened = known.get(target)
        return opened === undefined ? open(target) : Effect.succeed(opened)
      }
    }
  })
)
