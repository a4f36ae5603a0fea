import { Effect } from "effect"
import { MetaApp } from "#domain/Ids.ts"
import { ofApp } from "#domain/meta/RoutedSource.ts"
import { patiently } from "#domain/Patience.ts"
import { OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { type Said, Taking } from "../routes/Taking.ts"
import { saidIn } from "./Environment.ts"
import { defaultApp } from "./Paths.ts"
import type { DestinationOptions } from "./RouteMap.ts"

/**
 * Targets and routes that the environment names: taken into the log at the first start that names them, and once more when
 * it names others. What was made of them in between stays. Answers whether that is done: what is kept before would be led
 * nowhere.
 */
export const make = Effect.fnUntraced(function* (options: DestinationOptions & { readonly forwardTimeoutMs: number }) {
  const said = saidIn(options)
  if (said.targets.length === 0) return () => true
  const { take } = yield* Taking
  const outbound = yield* OutboundHttp
  const app = MetaApp.make(defaultApp)

  /** Whether something may be sent there. */
  const vetted = ({ name, url }: Said["targets"][number]) =>
    outbound.vet(url).pipe(
      Effect.as(true),
      Effect.catch(({ reason }) =>
        Effect.as(
          Effect.logError("nothing may be sent to a destination of the environment; no target is made of it", {
            destination: name,
            reason
          }),
          false
        )
      )
    )
  const targets = yield* Effect.filter(said.targets, vetted)
  const names = new Set(targets.map(({ name }) => name))
  const only = (some: ReadonlyArray<string>) => some.filter((name) => names.has(name))
  const fields = Object.entries(said.routes.fields)
    .map(([field, some]) => [field, only(some)] as const)
    .filter(([, some]) => some.length > 0)
  const routes = { fields: Object.fromEntries(fields), others: only(said.routes.others) }

  let isDone = false
  const taken = take(ofApp(app), { ...said, targets, routes }).pipe(
    Effect.catchTag("RoutesRejected", ({ reason }) =>
      Effect.as(Effect.logError("destinations of the environment cannot be taken as targets", { app, reason }), false)
    ),
    Effect.retry(patiently),
    Effect.tap((isNew) =>
      isNew ? Effect.logInfo("destinations of the environment are targets now", { app }) : Effect.void
    ),
    Effect.andThen(Effect.sync(() => (isDone = true)))
  )
  yield* Effect.forkScoped(taken)
  return () => isDone
})
