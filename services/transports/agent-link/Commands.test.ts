import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { AgentId, defaultTenant } from "#domain/Ids.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { Identity } from "../../identity/Identity.ts"
import { Provenance } from "../../runtime/Provenance.ts"
import { AgentsHeard } from "./AgentsHeard.ts"
import * as AgentCommands from "./Commands.ts"

const home = AgentId.make("home")
const minute = 60_000

/** Commands to an agent that is not enrolled, until it is. */
const scene = Effect.gen(function* () {
  const crypto = yield* Crypto
  const enrolled = yield* SubscriptionRef.make(false)
  const commandKey = crypto.cipherKey(crypto.random(32))
  const keys = { taken: true }
  const published: Array<number> = []
  const names: Array<string> = []
  const warnings: Array<unknown> = []
  const identity = {
    epoch: "store:1",
    changes: SubscriptionRef.changes(enrolled),
    agent: () => (SubscriptionRef.getUnsafe(enrolled) ? { agent: home, commandKey: () => commandKey } : undefined),
    signer: () => (keys.taken ? { keyId: "key", key: crypto.signingKey(crypto.random(32)).key } : undefined)
  }
  const logged = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn") warnings.push(message)
  })
  const services = yield* Layer.build(
    AgentCommands.layer.pipe(
      Layer.provide([
        Layer.succeed(Identity, identity as never),
        Layer.succeed(AgentsHeard, { version: () => 1 } as never),
        Layer.succeed(Provenance, { tenant: defaultTenant } as never),
        Layer.succeed(CommandBus, {
          publish: (_, envelopes) =>
            Effect.sync(() => {
              published.push(envelopes.length)
              names.push(...envelopes.map(({ id }) => id))
            }),
          subscribe: () => Effect.die("not here") as never,
          answer: Effect.void
        })
      ])
    )
  )
  const { issue } = yield* Effect.provideContext(AgentCommands.AgentCommands, services)
  const acknowledgement = (validMillis: number) =>
    AgentCommands.notice(crypto, 0, validMillis, { kind: "receipt", reports: [] })
  const command = acknowledgement(minute)
  return {
    enrol: SubscriptionRef.set(enrolled, true),
    keys,
    names,
    published,
    raise: () => {
      identity.epoch = "store:2"
    },
    same: issue(home, [command]),
    warnings,
    issue: (...valid: readonly [number, ...ReadonlyArray<number>]) =>
      issue(home, [acknowledgement(valid[0]), ...valid.slice(1).map(acknowledgement)]).pipe(
        Effect.provide(Logger.layer([logged])),
        Effect.forkScoped({ startImmediately: true })
      )
  }
})

it.effect("wait for an agent without a key until the last of them is over, and one warning is enough", () =>
  Effect.gen(function* () {
    const { enrol, issue, published, warnings } = yield* scene
    const [short, long] = [yield* issue(minute), yield* issue(minute, 3 * minute)]
    yield* TestClock.adjust(2 * minute)
    assert.deepStrictEqual([short.pollUnsafe() !== undefined, long.pollUnsafe()], [true, undefined])
    yield* TestClock.adjust(minute)
    yield* Fiber.join(long)
    assert.deepStrictEqual([published, warnings.length], [[], 1])
    const waiting = yield* issue(10 * minute)
    yield* enrol
    yield* Fiber.join(waiting)
    assert.deepStrictEqual([published, warnings.length], [[1], 1])
  }).pipe(Effect.provide(NodeCrypto.layer))
)

it.effect("are signed by no key that is not taken", () =>
  Effect.gen(function* () {
    const { enrol, issue, keys, published } = yield* scene
    yield* enrol
    keys.taken = false
    const unfit = yield* Effect.flip(Fiber.join(yield* issue(minute)))
    assert.deepInclude(unfit, { _tag: "Unfit", obstacle: "no_signing_key" })
    keys.taken = true
    yield* Fiber.join(yield* issue(minute))
    assert.deepStrictEqual(published, [1])
  }).pipe(Effect.provide(NodeCrypto.layer))
)

it.effect("have another name in another epoch: the bus remembers what the agent refuses now", () =>
  Effect.gen(function* () {
    const { enrol, names, raise, same } = yield* scene
    yield* enrol
    yield* same
    yield* same
    raise()
    yield* same
    assert.strictEqual(names[0], names[1])
    assert.notStrictEqual(names[1], names[2])
  }).pipe(Effect.provide(NodeCrypto.layer))
)
