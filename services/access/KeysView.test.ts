import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type ClientEvent, streamOf } from "#domain/access/Client.ts"
import { base64url } from "#domain/Bytes.ts"
import { ApiKeyId, ClientId, CommandId, defaultTenant, EventId, SubjectId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as KeysView from "./KeysView.ts"

const client = ClientId.make("33333333-3333-7333-8333-333333333333")
const id = "44444444-4444-5444-8444-444444444444"
const at = fromMillis(0)
const name = { subject: SubjectId.make("s".repeat(43)), key: "1", iv: "aXY", box: "Ym94" }
const [first, second] = [ApiKeyId.make("first"), ApiKeyId.make("second")]
const digest = base64url(new Uint8Array(32).fill(7))

const events: ReadonlyArray<ClientEvent> = [
  { type: "client.created.v1", data: { name } },
  { type: "client.key_issued.v1", data: { key: first, digest, scopes: ["messages:send", "messages:read"] } },
  { type: "client.key_issued.v1", data: { key: second, digest, scopes: ["admin"] } },
  { type: "client.key_revoked.v1", data: { key: first } }
]
const recorded = events.map(
  ({ data, type }, revision): RecordedEvent => ({
    stream: streamOf(client),
    revision,
    position: BigInt(revision + 1),
    recordedAt: at,
    eventId: EventId.make(id),
    type,
    data,
    metadata: {
      v: 1,
      tenant: defaultTenant,
      actor: { kind: "gateway", id: "gateway" },
      commandId: CommandId.make(id),
      correlationId: client,
      causationId: client,
      occurredAt: at,
      region: "local",
      producer: "test"
    }
  })
)

it.effect("what a start reads from the rows is what was followed", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const followed = KeysView.make()
    yield* followed.view.setup(sql)
    for (const event of recorded) {
      yield* followed.view.apply(sql, [event])
      followed.view.applied?.([event])
    }
    assert.deepStrictEqual(
      [...followed.roster.keys.values()],
      [
        {
          client,
          id: first,
          digest: new Uint8Array(32).fill(7),
          scopes: new Set(["messages:send", "messages:read"]),
          revoked: true
        },
        { client, id: second, digest: new Uint8Array(32).fill(7), scopes: new Set(["admin"]), revoked: false }
      ]
    )
    assert.deepStrictEqual(
      [...followed.roster.clients.values()],
      [{ id: client, createdAt: at, name, namedBy: EventId.make(id), keys: [first, second] }]
    )

    const restarted = KeysView.make()
    yield* restarted.view.hydrate!(sql)
    assert.deepStrictEqual(restarted.roster.keys, followed.roster.keys)
    assert.deepStrictEqual(restarted.roster.clients, followed.roster.clients)
  }).pipe(Effect.provide(SqliteClient.layer(":memory:", { durability: "checkpoint" })))
)
