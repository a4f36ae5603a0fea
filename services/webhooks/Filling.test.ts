import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Endpoint } from "#domain/delivery/Endpoint.ts"
import { EndpointId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { PublicEvents } from "../events/PublicEvents.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import type { Mark } from "../tables/Positions.ts"
import { recorded, uuid } from "../testing/ViewsFixture.ts"
import { Views } from "../views/Views.ts"
import type { DeliveryRows } from "./DeliveryRows.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Filling from "./Filling.ts"
import * as Recent from "./Recent.ts"

const [gone, later] = [EndpointId.make(uuid(1)), EndpointId.make(uuid(2))]
const box = { subject: "A".repeat(43), key: "1", iv: "aaaa", box: "bbbb" }
const secret = { id: "1", publicKey: "key", box }
const data = { url: box, types: [], device: null, personal: false, secret }
const created = (id: EndpointId, position: bigint): RecordedEvent =>
  recorded(Endpoint.streamOf(id), 0, position, { type: "endpoint.created.v1", data })

it.effect("begins where the first endpoint that is there was made, not where one was that is no more", () =>
  Effect.gen(function* () {
    const registry = new Map<EndpointId, EndpointRecord>([[gone, {} as EndpointRecord]])
    const log = [created(gone, 5n), created(later, 9n)]
    const places: Array<Mark> = []
    const rows = {
      checkpoint: () => Effect.succeed(undefined),
      forgetOthers: () => Effect.void,
      take: (...[, , , , to]: Parameters<DeliveryRows["take"]>) => Effect.sync(() => void places.push(to))
    } as never
    const store = {
      head: Effect.succeed(9n),
      read: (stream: string) => Effect.succeed(log.filter((event) => event.stream === stream)),
      subscribe: () => Stream.never
    }
    // it is removed while what the log says of it is waited for
    const views = { reached: () => Effect.sync(() => registry.delete(gone)) }
    const services = Context.empty().pipe(
      Context.add(EventStore, store as never),
      Context.add(Views, views as never),
      Context.add(EndpointRegistry, registry),
      Context.add(Crypto, NodeCrypto.crypto),
      Context.add(PublicEvents, {} as never),
      Context.add(SubjectKeys, {} as never),
      Context.add(Personal, {} as never),
      Context.add(Provenance, {} as never)
    )
    const filled = Effect.flatMap(Filling.make(Recent.make()), (fill) => fill(rows, {} as never, Effect.void))
    const filling = yield* Effect.forkChild(Effect.provide(filled, services), { startImmediately: true })
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual(places, [])
    registry.set(later, {} as EndpointRecord)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(
      places.map(({ position }) => position),
      [9n]
    )
    yield* Fiber.interrupt(filling)
  })
)
