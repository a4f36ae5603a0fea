import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { DeviceId } from "#domain/Ids.ts"
import { Lid, type Person } from "#domain/inbound/Heard.ts"
import { Dialect } from "../link/Dialect.ts"
import { GatewayClock } from "../link/GatewayClock.ts"
import { Reporter } from "../link/Reporter.ts"
import * as Presences from "./Presences.ts"

const device = DeviceId.make("0196f3c0-0000-7000-8000-000000000001")
const sender: Person = { kind: "person", lid: Lid.make("900002") }
const typing = { _tag: "Presence", device, presence: { chat: sender, sender, state: "typing" } } as const

it.effect("how people are seen is told to a gateway that is there and has words for it, so often at most", () =>
  Effect.gen(function* () {
    let [version, silentMillis, told] = [3, 0, 0]
    const services = yield* Layer.build(
      Presences.layer.pipe(
        Layer.provide([
          Layer.succeed(Dialect, { version: () => version } as Dialect["Service"]),
          Layer.succeed(GatewayClock, { silentMillis: () => silentMillis } as GatewayClock["Service"]),
          Layer.succeed(Reporter, { showPresence: () => Effect.sync(() => void told++) } as never)
        ])
      )
    )
    const { tell } = Context.get(services, Presences.Presences)
    const tells = Effect.fnUntraced(function* (times = 1) {
      const before = told
      yield* Effect.replicateEffect(tell(typing), times)
      return told - before
    })
    assert.strictEqual(yield* tells(100), 32)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* tells(100), 32)
    yield* TestClock.adjust("1 second")
    version = 2
    assert.strictEqual(yield* tells(), 0)
    version = 3
    silentMillis = 100_000
    assert.strictEqual(yield* tells(), 0)
    silentMillis = 60_000
    assert.strictEqual(yield* tells(), 1)
  })
)
