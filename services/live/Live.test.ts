import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { until } from "#domain/testing/Eventually.ts"
import { Authenticator } from "../access/Authenticator.ts"
import type { Principal } from "../api/Principal.ts"
import { Feed } from "../events/Feed.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import { Identity } from "../identity/Identity.ts"
import { Presences } from "../inbound/Presences.ts"
import { Views } from "../views/Views.ts"
import { Live, layer } from "./Live.ts"
import type { Ending } from "./Outlet.ts"

const principal = { key: "key" } as Principal
const asked = { after: 0n, types: undefined, device: undefined, chat: undefined, seen: undefined, personal: false }

/** Over a log of one event, which cannot be told. */
const live = Effect.gen(function* () {
  const feed = {
    listen: () => Effect.succeed(1n),
    scan: (_: unknown, __: unknown, pick: (event: object) => Effect.Effect<unknown>) =>
      Effect.as(pick({ position: 1n, eventId: "odd" }), { items: [], upTo: 1n, hasMore: false })
  }
  const about = () => Effect.succeed({ type: "homing.message.sent.v1", device: DeviceId.make(crypto.randomUUID()) })
  const built = yield* Layer.build(
    layer({ connections: 2, connectionsPerKey: 2 }).pipe(
      Layer.provide([
        Layer.succeed(Authenticator, { standing: () => "good" } as never),
        Layer.succeed(Identity, { epoch: "epoch" } as never),
        Layer.succeed(Feed, feed as never),
        Layer.succeed(PublicEvents, { about, tell: () => Effect.die(new Error("odd")) } as never),
        Layer.succeed(Presences, {} as never),
        Layer.succeed(Views, {} as never)
      ])
    )
  )
  return Context.get(built, Live)
})

it.live("a connection to which something cannot be told is ended with a word", () =>
  Effect.gen(function* () {
    const { sit } = yield* live
    const ended: Array<Ending> = []
    const outlet = {
      give: () => {},
      show: () => {},
      mark: () => {},
      pendingBytes: () => 0,
      drained: Effect.void,
      isStuck: () => false,
      end: (why: Ending) => void ended.push(why),
      gone: Effect.never
    }
    yield* Effect.forkScoped(sit(principal)!.follow(asked, outlet))
    const odd = Effect.suspend(() => Effect.die(new Error("odd")))
    yield* Effect.forkScoped(sit(principal)!.follow(asked, { ...outlet, drained: odd }))
    yield* until(() => ended.length === 2)
    assert.deepStrictEqual(ended, ["internal", "internal"])
  })
)
