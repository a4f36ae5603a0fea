import { Effect, Exit, Layer, Scope, Semaphore } from "effect"
import { Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"

/**
 * Opened when somebody first needs them: an installation that keeps none has no file, and no table, for them. What could
 * not be opened is tried again.
 */
export const onDemand = <E, R>(blobs: Layer.Layer<Blobs, E, R>) =>
  Layer.effect(
    Blobs,
    Effect.gen(function* () {
      const context = yield* Effect.context<R>()
      const home = yield* Effect.scope
      const turn = yield* Semaphore.make(1)
      let open: Blobs["Service"] | undefined
      const opening = Effect.gen(function* () {
        const scope = yield* Scope.fork(home)
        const built = Layer.buildWithScope(Layer.fresh(blobs), scope)
        const services = yield* Effect.onError(built, (cause) => Scope.close(scope, Exit.failCause(cause)))
        open = yield* Effect.provide(Blobs, services)
        return open
      }).pipe(
        Effect.provide(context),
        Effect.mapError((cause) => new BlobsUnavailable({ cause }))
      )
      const opened = Effect.suspend(() =>
        open === undefined
          ? turn.withPermits(1)(Effect.suspend(() => (open === undefined ? opening : Effect.succeed(open))))
          : Effect.succeed(open)
      )
      return {
        put: (name, bytes) => Effect.flatMap(opened, ({ put }) => put(name, bytes)),
        read: (name) => Effect.flatMap(opened, ({ read }) => read(name)),
        destroy: (name) => Effect.flatMap(opened, ({ destroy }) => destroy(name)),
        ready: Effect.flatMap(opened, ({ ready }) => ready)
      }
    })
  )
