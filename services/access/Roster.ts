import { Context, Effect, Layer } from "effect"
import { Client, configured, type KeyExpirySet, type KeyIssued } from "#domain/access/Client.ts"
import { isScope, type Scope } from "#domain/access/Scopes.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import type { ApiKeyId, ClientId, DeviceId, EventId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Actor, RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import type { DevicesAllowed } from "../api/Principal.ts"
import { Registrations } from "../views/Registrations.ts"
import * as KeysRows from "./KeysRows.ts"

export interface KnownKey {
  readonly client: ClientId
  readonly id: ApiKeyId
  readonly digest: Uint8Array
  /** Of those it was issued with, the ones that this release knows. */
  readonly scopes: ReadonlySet<Scope>
  readonly issuedAt: Instant
  /** The event in which its name, if it has one, was sealed. */
  readonly issuedBy: EventId
  readonly name: Sealed | undefined
  readonly revoked: boolean
  readonly expiresAt: Instant | undefined
  readonly replacedBy: ApiKeyId | undefined
}

/** `now` is the gateway's clock. */
export const stateOf = ({ expiresAt, revoked }: KnownKey, now: Instant): "active" | "expired" | "revoked" =>
  revoked ? "revoked" : expiresAt !== undefined && expiresAt <= now ? "expired" : "active"

export interface KnownClient {
  readonly id: ClientId
  readonly createdAt: Instant
  readonly name: Sealed
  /** The event in which the name was sealed. */
  readonly namedBy: EventId
  readonly keys: ReadonlyArray<ApiKeyId>
  readonly devices: DevicesAllowed
}

/** Every client and key, in memory: each request is admitted by one look here. */
export class Roster extends Context.Service<
  Roster,
  { readonly clients: ReadonlyMap<ClientId, KnownClient>; readonly keys: ReadonlyMap<ApiKeyId, KnownKey> }
>()("homing/services/access/Roster") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(Registrations, ({ register }) => {
      const roster = new Entries()
      register({
        rows: KeysRows.view,
        memory: {
          hydrate: (sql) => Effect.map(KeysRows.read(sql), (rows) => roster.fill(rows)),
          follow: (events) => {
            for (const event of events) roster.apply(event)
          }
        }
      })
      return roster
    })
  )
}

/** Whose key did it; of nobody's that is known here, nobody. */
export const clientOf = ({ keys }: Roster["Service"], { id, kind }: Actor): ClientId | undefined => {
  if (kind !== "api_key") return undefined
  return id === configured.key ? configured.client : keys.get(id as ApiKeyId)?.client
}

class Entries {
  readonly clients = new Map<ClientId, KnownClient>()
  readonly keys = new Map<ApiKeyId, KnownKey>()

  fill({ clients, keys }: Effect.Success<ReturnType<typeof KeysRows.read>>) {
    for (const { created_at: createdAt, devices, id, name, named_by: namedBy } of clients) {
      this.#addClient({ id, createdAt, name, namedBy, devices: devices === "all" ? devices : new Set(devices) })
    }
    for (const { client, digest, id: key, name, scopes, ...row } of keys) {
      const { expires_at: expiresAt, issued_at: issuedAt, issued_by: issuedBy, replaced_by: replacedBy, revoked } = row
      this.#addKey(client, { key, digest, scopes, ...(name !== null && { name }) }, { issuedAt, issuedBy })
      if (expiresAt !== null) this.#setExpiry({ key, expiresAt, ...(replacedBy !== null && { replacedBy }) })
      if (revoked !== 0) this.#revoke(key)
    }
  }

  apply(recorded: RecordedEvent) {
    const client = Client.idOf(recorded.stream)
    const event = Client.read(recorded)
    switch (event.type) {
      case "client.created":
        return this.#addClient({
          id: client,
          createdAt: recorded.recordedAt,
          name: event.data.name,
          namedBy: recorded.eventId,
          devices: "all"
        })
      case "client.devices_set":
        return this.#setDevices(client, event.data.devices)
      case "client.key_issued":
        return this.#addKey(client, event.data, { issuedAt: recorded.recordedAt, issuedBy: recorded.eventId })
      case "client.key_revoked":
        return this.#revoke(event.data.key)
      case "client.key_expiry_set":
        return this.#setExpiry(event.data)
    }
  }

  #addClient(client: Omit<KnownClient, "keys">) {
    this.clients.set(client.id, { ...client, keys: [] })
  }

  #setDevices(id: ClientId, devices: ReadonlyArray<DeviceId> | undefined) {
    const client = this.clients.get(id)
    if (client !== undefined)
      this.clients.set(id, { ...client, devices: devices === undefined ? "all" : new Set(devices) })
  }

  #addKey(
    client: ClientId,
    { digest, key: id, name, scopes }: KeyIssued,
    issued: Pick<KnownKey, "issuedAt" | "issuedBy">
  ) {
    this.keys.set(id, {
      client,
      id,
      digest: fromBase64url(digest),
      scopes: new Set(scopes.filter(isScope)),
      ...issued,
      name,
      revoked: false,
      expiresAt: undefined,
      replacedBy: undefined
    })
    const owner = this.clients.get(client)
    if (owner !== undefined && !owner.keys.includes(id))
      this.clients.set(client, { ...owner, keys: [...owner.keys, id] })
  }

  #revoke(id: ApiKeyId) {
    const key = this.keys.get(id)
    if (key !== undefined) this.keys.set(id, { ...key, revoked: true })
  }

  #setExpiry({ expiresAt, key: id, replacedBy }: KeyExpirySet) {
    const key = this.keys.get(id)
    if (key !== undefined) this.keys.set(id, { ...key, expiresAt, replacedBy })
  }
}
