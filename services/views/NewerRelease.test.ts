import { assert, it } from "@effect/vitest"
import { Effect, Layer, References } from "effect"
import { SqlClient } from "effect/sql"
import { DeviceId, EventId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as InProcessLeases from "#infra/leases/InProcess.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as Audit from "../audit/Feature.ts"
import * as TreeRows from "../audit/TreeRows.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { deviceCreated, home, provenance, recorded, uuid } from "../testing/ViewsFixture.ts"
import * as Projections from "./Projections.ts"
import { Views } from "./Views.ts"

const database = SqliteClient.layer(":memory:", { durability: "checkpoint" })

it.live("views go on over what a newer release has stored, in rows and in memory", () =>
  Effect.gen(function* () {
    const store = yield* EventStore
    const append = ({ data, metadata, stream, type }: RecordedEvent, n: number) =>
      store.append(stream, "no_stream", [{ eventId: EventId.make(uuid(n)), type, data, metadata }])
    yield* append(recorded(`device-${uuid(1)}`, 0, 0n, { type: "device.renewed.v1", data: {} }), 1)
    yield* append(recorded(`device-${uuid(2)}`, 0, 0n, { type: "device.created.v999", data: {} }), 2)
    const { position } = yield* append(deviceCreated(home, 0n), 3)
    yield* Effect.gen(function* () {
      const views = yield* Views
      yield* Effect.andThen(views.reached(position), views.written(position))
      assert.deepStrictEqual([...(yield* DeviceRegistry).keys()], [DeviceId.make(home)])
      assert.deepStrictEqual(yield* (yield* SqlClient.SqlClient)`SELECT id FROM devices`, [{ id: home }])
      const stand = yield* Effect.flatten(TreeRows.standing)
      assert.deepStrictEqual([stand.size, stand.position], [3, position]) // every gateway comes to the same tree
    }).pipe(
      Effect.provide(Projections.layer(Layer.merge(DeviceRegistry.layer, Audit.projections))),
      Effect.provide(provenance)
    )
  }).pipe(
    Effect.provide([Sqlite.layer(":memory:"), Layer.provideMerge(InProcessLeases.layer, database)]),
    Effect.provideService(References.MinimumLogLevel, "None")
  )
)
