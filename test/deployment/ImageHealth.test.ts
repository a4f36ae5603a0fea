import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { baseUrl, gateway, type Stubs } from "#services/testing/GatewayFixture.ts"
import { exitCode } from "./ExitCode.ts"
import { list } from "./Files.ts"

const healthOf = (url: string) => {
  const [program, ...args] = list("HEALTHCHECK")
  assert.strictEqual(program, "node")
  return exitCode(process.execPath, args, { PORT: new URL(url).port })
}

/** Of a gateway that runs, and after it has ended. */
const healthAndAfter = (stubs: Stubs) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(gateway(stubs), scope)
    const url = yield* Effect.provideContext(baseUrl, context)
    const running = yield* healthOf(url)
    yield* Scope.close(scope, Exit.void)
    return [running, yield* healthOf(url)]
  })

it.live("the image's health check ends with 0 when the gateway is ready, else not", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* healthAndAfter({}), [0, 1])
    const down = new EventStoreUnavailable({ written: "no", cause: "as if it were down" })
    assert.deepStrictEqual(yield* healthAndAfter({ store: { head: Effect.fail(down) } }), [1, 1])
  })
)
