import { it, type Vitest } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, References, type Scope } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Double, eventStoreDouble } from "../../double/testing/DoubleFixture.ts"
import * as EventStoreDb from "../EventStoreDb.ts"
import type { Patience } from "../Patience.ts"

/** As the real one, in less time. */
export const impatient: Patience = { answer: 1_000, offers: 3, silence: 600, pause: 100, start: 10_000 }

export const quiet = Layer.succeed(References.MinimumLogLevel, "None")

/** The stand-in, for tests to be cruel to. */
export class Server extends Context.Service<Server, Double>()("homing/infra/event-store/eventstoredb/Server") {}

const layer = (patience: Patience) =>
  Layer.unwrap(
    Effect.map(eventStoreDouble, (double) =>
      Layer.merge(EventStoreDb.layer({ url: Redacted.make(double.url), patience }), Layer.succeed(Server, double))
    )
  ).pipe(Layer.merge(quiet))

type Test = (server: Double, store: EventStore["Service"]) => Effect.Effect<void, unknown, Scope.Scope>

/** Tests that share one server and one adapter, one after the other; each finds the server up and without faults. */
export const onOneServer = (
  name: string,
  tests: (test: (name: string, test: Test) => void) => void,
  patience = impatient
) =>
  it.layer(layer(patience), { excludeTestServices: true })(name, (it: Vitest.MethodsNonLive<Server | EventStore>) =>
    tests((name, test) =>
      it.effect(name, () =>
        Effect.gen(function* () {
          const server = yield* Server
          yield* Effect.ensuring(test(server, yield* EventStore), server.heal)
        })
      )
    )
  )
