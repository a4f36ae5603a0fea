import { Effect } from "effect"
import { Client } from "#domain/access/Client.ts"
import { inOrder, type Scope } from "#domain/access/Scopes.ts"
import * as Clocks from "#domain/Clocks.ts"
import type { ApiKeyId, ClientId, DeviceId, EventId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { KeyUses } from "./KeyUses.ts"
import { type KnownClient, type KnownKey, Roster, stateOf } from "./Roster.ts"

export interface KeyDocument {
  readonly id: ApiKeyId
  /** Absent also once its data was erased. */
  readonly name?: string
  readonly issuedAt: Instant
  /** About; absent when no use is known. */
  readonly lastUsedAt?: Instant
  readonly scopes: ReadonlyArray<Scope>
  readonly state: "active" | "expired" | "revoked"
  readonly expiresAt?: Instant
  readonly replacedBy?: ApiKeyId
}

export interface ClientDocument {
  readonly id: ClientId
  /** Absent once its data was erased. */
  readonly name?: string
  readonly createdAt: Instant
  /** Those that it may use; `null`: all. */
  readonly devices: ReadonlyArray<DeviceId> | null
  readonly keys: ReadonlyArray<KeyDocument>
}

/** Clients and their keys, as callers see them. */
export const make = Effect.gen(function* () {
  const wall = yield* Clocks.wall
  const personal = yield* Personal
  const roster = yield* Roster
  const { tenant } = yield* Provenance
  const uses = yield* KeyUses

  const reveal = (client: ClientId, name: Sealed, event: EventId) =>
    personal.reveal(
      name,
      { tenant, event, field: "name" },
      { stream: Client.streamOf(client), subject: personal.subjectOf("client", client) }
    )

  const nameOf = ({ client, issuedBy, name }: KnownKey) =>
    name === undefined ? Effect.succeed(undefined) : reveal(client, name, issuedBy)

  const keyOf = Effect.fnUntraced(function* (key: KnownKey, lastUsedAt: Instant | undefined) {
    const { expiresAt, id, issuedAt, replacedBy, scopes } = key
    const name = yield* nameOf(key)
    const document: KeyDocument = {
      id,
      ...(name !== undefined && { name }),
      issuedAt,
      ...(lastUsedAt !== undefined && { lastUsedAt }),
      scopes: inOrder(scopes),
      state: stateOf(key, fromMillis(wall())),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(replacedBy !== undefined && { replacedBy })
    }
    return document
  })

  const present = Effect.fnUntraced(function* (
    { createdAt, devices, id, keys, name: sealed, namedBy }: KnownClient,
    used: ReadonlyMap<ApiKeyId, Instant>
  ) {
    const name = yield* reveal(id, sealed, namedBy)
    const document: ClientDocument = {
      id,
      ...(name !== undefined && { name }),
      createdAt,
      devices: devices === "all" ? null : [...devices],
      keys: yield* Effect.forEach(keys, (key) => keyOf(roster.keys.get(key)!, used.get(key)))
    }
    return document
  })

  return {
    nameOf,

    find: (id: ClientId) => {
      const known = roster.clients.get(id)
      return known === undefined ? Effect.succeed(undefined) : Effect.flatMap(uses.all, (used) => present(known, used))
    },

    list: Effect.flatMap(uses.all, (used) => Effect.forEach(roster.clients.values(), (client) => present(client, used)))
  }
})
