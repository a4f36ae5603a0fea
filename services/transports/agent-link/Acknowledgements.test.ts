import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { AgentId, EventId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { uuid } from "../../testing/ViewsFixture.ts"
import { Acknowledgements, layer } from "./Acknowledgements.ts"
import { AgentCommands } from "./Commands.ts"

it.live("an awaited acknowledgement leaves over a bus that takes its time", () =>
  Effect.gen(function* () {
    let issued = 0
    const issue = () =>
      Effect.delay(
        Effect.sync(() => void issued++),
        20
      )
    const commands = Layer.succeed(AgentCommands, { issue } as never)
    const built = yield* Layer.build(layer.pipe(Layer.provide([commands, Layer.succeed(Crypto, crypto)])))
    const { give } = Context.get(built, Acknowledgements)
    for (const n of [1, 2, 3]) {
      give(AgentId.make("home"), [EventId.make(uuid(n))], { awaited: true })
      yield* eventually(
        Effect.sync(() => issued),
        (count) => count === n
      )
    }
    assert.strictEqual(issued, 3)
  })
)
