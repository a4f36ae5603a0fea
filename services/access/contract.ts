import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Client } from "#domain/access/Client.ts"
import { base64url } from "#domain/Bytes.ts"
import { ApiKeyId, ClientId, DeviceId, EventId } from "#domain/Ids.ts"
import { at, begun, emptyDatabase, hydrated, recorded, sealed, uuid, write } from "../testing/ViewsFixture.ts"
import { Roster } from "./Roster.ts"

const roster = begun(Roster, Roster.layer)

const client = ClientId.make(uuid(201))
const [first, second] = [ApiKeyId.make("first"), ApiKeyId.make("second")]
const other = ClientId.make(uuid(202))
const listed = DeviceId.make(uuid(103))
const digest = base64url(new Uint8Array(32).fill(7))
const clientEvents = [
  { type: "client.created.v1", data: { name: sealed } },
  { type: "client.key_issued.v1", data: { key: first, digest, scopes: ["messages:send", "messages:read"] } },
  {
    type: "client.key_issued.v2",
    data: { key: second, digest, name: sealed, scopes: ["messages:read", "metrics:read", "of:a:newer:release"] }
  },
  { type: "client.key_expiry_set.v1", data: { key: first, expiresAt: at, replacedBy: second } },
  { type: "client.key_revoked.v1", data: { key: first } },
  { type: "client.devices_set.v1", data: { devices: [listed] } }
]
/** Whose list was taken away. */
const otherEvents = [
  { type: "client.created.v1", data: { name: sealed } },
  { type: "client.devices_set.v1", data: { devices: [listed] } },
  { type: "client.devices_set.v1", data: {} }
]

const issued = { issuedAt: at, issuedBy: EventId.make(uuid(0)) }

/** What the roster owes its readers on every database. */
export const rosterFromItsRows = Effect.gen(function* () {
  const sql = yield* emptyDatabase
  const followed = yield* roster
  yield* followed.rows.setup(sql)
  for (const [revision, event] of clientEvents.entries()) {
    yield* write(followed, sql, recorded(Client.streamOf(client), revision, BigInt(revision), event))
  }
  for (const [revision, event] of otherEvents.entries()) {
    yield* write(followed, sql, recorded(Client.streamOf(other), revision, BigInt(10 + revision), event))
  }
  assert.deepStrictEqual(
    [...followed.shown.keys.values()],
    [
      {
        client,
        id: first,
        digest: new Uint8Array(32).fill(7),
        scopes: new Set(["messages:send", "messages:read", "messages:read:all", "metrics:read"]),
        ...issued,
        name: undefined,
        revoked: true,
        expiresAt: at,
        replacedBy: second
      },
      {
        client,
        id: second,
        digest: new Uint8Array(32).fill(7),
        scopes: new Set(["messages:read", "metrics:read"]),
        ...issued,
        name: sealed,
        revoked: false,
        expiresAt: undefined,
        replacedBy: undefined
      }
    ]
  )
  assert.deepStrictEqual(
    [...followed.shown.clients.values()],
    [
      {
        id: client,
        createdAt: at,
        name: sealed,
        namedBy: issued.issuedBy,
        keys: [first, second],
        devices: new Set([listed])
      },
      { id: other, createdAt: at, name: sealed, namedBy: issued.issuedBy, keys: [], devices: "all" }
    ]
  )

  const restarted = yield* hydrated(sql, roster)
  assert.deepStrictEqual(restarted.shown.keys, followed.shown.keys)
  assert.deepStrictEqual(restarted.shown.clients, followed.shown.clients)
})
