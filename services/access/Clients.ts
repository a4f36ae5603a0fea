import { Context, Effect, Layer, Schema, Semaphore } from "effect"
import { Client, type ClientCommand } from "#domain/access/Client.ts"
import { inOrder, type Scope } from "#domain/access/Scopes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { type ApiKeyId, ClientId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Actor } from "#domain/Recorded.ts"
import { Personal } from "../privacy/Personal.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { inForce, Views } from "../views/Views.ts"
import { isLast } from "./Administrators.ts"
import * as ClientDocuments from "./ClientDocuments.ts"
import { newCredential } from "./Credential.ts"
import { Roster } from "./Roster.ts"

/** A key as it is shown once: the secret is kept nowhere. */
export interface NewKey {
  readonly id: ApiKeyId
  readonly secret: string
  readonly scopes: ReadonlyArray<Scope>
  readonly expiresAt?: Instant
}

export interface Rotated {
  readonly key: NewKey
  /** The key it takes the place of, and until when that one is good as well. */
  readonly replaces: { readonly id: ApiKeyId; readonly expiresAt: Instant }
}

export class ClientUnknown extends Schema.TaggedError<ClientUnknown>()("ClientUnknown", {}) {}
export class KeyNotActive extends Schema.TaggedError<KeyNotActive>()("KeyNotActive", {}) {}
/** Nobody could manage clients and keys any more. */
export class LastAdministrator extends Schema.TaggedError<LastAdministrator>()("LastAdministrator", {}) {}
export class KeyUnknown extends Schema.TaggedError<KeyUnknown>()("KeyUnknown", {}) {}

type Created = { readonly client: ClientId; readonly key: NewKey }
interface NewKeyRequest {
  readonly name?: string | undefined
  readonly scopes: ReadonlyArray<Scope>
  /** Without: until it is revoked. */
  readonly expiresInSeconds?: number | undefined
}
interface NewClient extends Omit<NewKeyRequest, "name"> {
  readonly name: string
  readonly keyName?: string | undefined
}
interface Rotation {
  /** How long the old key stays good. */
  readonly overlapSeconds: number
  /** Of the new one. */
  readonly expiresInSeconds?: number | undefined
}

/** Who may call the API. What a call here answers is in force when it answers, on this process. */
export class Clients extends Context.Service<
  Clients,
  {
    readonly create: (caller: Caller, client: NewClient) => Effect.Effect<Created, Unavailable>
    readonly issue: (
      caller: Caller,
      client: ClientId,
      key: NewKeyRequest
    ) => Effect.Effect<NewKey, ClientUnknown | Unavailable>
    /** Issues a key with the scopes and the name of this one, which stays good for the overlap, and never longer than it was. */
    readonly rotate: (
      caller: Caller,
      client: ClientId,
      key: ApiKeyId,
      rotation: Rotation
    ) => Effect.Effect<Rotated, ClientUnknown | KeyUnknown | KeyNotActive | LastAdministrator | Unavailable>
    readonly revoke: (
      caller: Caller,
      client: ClientId,
      key: ApiKeyId
    ) => Effect.Effect<void, ClientUnknown | KeyUnknown | LastAdministrator | Unavailable>
    readonly find: (client: ClientId) => Effect.Effect<ClientDocuments.ClientDocument | undefined, Unavailable>
    /** Oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<ClientDocuments.ClientDocument>, Unavailable>
    /** The first client, with a key that may do everything; `undefined` when the log has any key already. */
    readonly first: Effect.Effect<Created | undefined, Unavailable>
  }
>()("homing/services/access/Clients") {}

const later = (at: Instant, seconds: number): Instant => fromMillis(toMillis(at) + seconds * 1_000)

const make = Effect.fnUntraced(function* (keyIsConfigured: boolean) {
  const wall = yield* Clocks.wall
  const crypto = yield* Crypto
  const store = yield* EventStore
  const personal = yield* Personal
  const roster = yield* Roster
  const documents = yield* ClientDocuments.make
  const views = yield* Views
  const actors = yield* AggregateActors.make(Client)
  const turns = yield* Semaphore.make(1)

  const execute = Effect.fnUntraced(function* (
    client: ClientId,
    actor: Actor,
    command: (decision: AggregateActors.Decision) => ClientCommand
  ) {
    const { position } = yield* actors.execute(Client.streamOf(client), command, {
      actor,
      correlationId: client,
      causationId: actor.id
    })
    // a repeat records nothing, and what it repeats may be just as new
    const recorded = position ?? (yield* store.head)
    if (recorded !== undefined) yield* inForce(views, recorded)
  })

  /** A key that was just issued, as the roster has it. */
  const shown = (id: ApiKeyId, secret: string): NewKey => {
    const { expiresAt, scopes } = roster.keys.get(id)!
    return { id, secret, scopes: [...scopes], ...(expiresAt !== undefined && { expiresAt }) }
  }

  /** What is said of a key in the first event of its decision, beside its digest. */
  const naming = Effect.fnUntraced(function* (client: ClientId, name: string | undefined) {
    if (name === undefined) return () => ({})
    const seal = yield* personal.sealFor("client", client)
    return ({ eventId }: AggregateActors.Decision) => ({ name: seal(eventId(0), "name", name) })
  })

  /**
   * What takes a key away, unless it is the last administrator's. One at a time, and of the log as it stands; two gateways
   * may still decide at the same moment.
   */
  const unlessLast = <A, E>(
    key: ApiKeyId,
    change: Effect.Effect<A, E>,
    replacement?: { readonly expires: boolean }
  ) => {
    if (keyIsConfigured || roster.keys.get(key)?.scopes.has("admin") === false) return change
    return turns.withPermits(1)(
      Effect.gen(function* () {
        const head = yield* store.head
        if (head !== undefined) yield* inForce(views, head)
        if (isLast(roster.keys, key, fromMillis(wall()), replacement)) return yield* new LastAdministrator({})
        return yield* change
      })
    )
  }

  const issue = Effect.fnUntraced(function* (
    client: ClientId,
    actor: Actor,
    { expiresInSeconds, name, scopes }: NewKeyRequest
  ) {
    const { digest, id, secret } = newCredential(crypto)
    const named = yield* naming(client, name)
    yield* execute(client, actor, ({ at, eventId }) => ({
      _tag: "IssueKey",
      issued: { key: id, digest, scopes: inOrder(scopes), ...named({ at, eventId }) },
      ...(expiresInSeconds !== undefined && { expiresAt: later(at, expiresInSeconds) })
    }))
    return shown(id, secret)
  })

  const rotate = Effect.fnUntraced(function* (
    client: ClientId,
    actor: Actor,
    key: ApiKeyId,
    { expiresInSeconds, overlapSeconds }: Rotation
  ) {
    const { digest, id, secret } = newCredential(crypto)
    const known = roster.keys.get(key)
    const named = yield* naming(client, known && (yield* documents.nameOf(known)))
    yield* execute(client, actor, ({ at, eventId }) => ({
      _tag: "RotateKey",
      key,
      replacement: { key: id, digest, ...named({ at, eventId }) },
      ...(expiresInSeconds !== undefined && { replacementExpiresAt: later(at, expiresInSeconds) }),
      until: later(at, overlapSeconds),
      at
    }))
    return { key: shown(id, secret), replaces: { id: key, expiresAt: roster.keys.get(key)!.expiresAt! } }
  })

  const create = Effect.fnUntraced(
    function* (actor: Actor, { keyName, name, ...key }: NewClient) {
      const client = ClientId.make(uuidV7(crypto, wall()))
      const seal = yield* personal.sealFor("client", client)
      yield* execute(client, actor, ({ eventId }) => ({ _tag: "Create", name: seal(eventId(0), "name", name) }))
      const issued = yield* Effect.catchTag(
        issue(client, actor, { ...key, name: keyName }),
        "ClientRejected",
        (error) => Effect.die(error)
      )
      return { client, key: issued }
    },
    Effect.catchTag("ClientRejected", (error) => Effect.die(error))
  )

  const actorOf = ({ key }: Caller): Actor => ({ kind: "api_key", id: key })

  return Clients.of({
    create: (caller, client) => create(actorOf(caller), client),
    issue: (caller, client, key) =>
      Effect.catchTag(issue(client, actorOf(caller), key), "ClientRejected", () => Effect.fail(new ClientUnknown({}))),
    rotate: (caller, client, key, rotation) =>
      Effect.catchTag(
        unlessLast(key, rotate(client, actorOf(caller), key, rotation), {
          expires: rotation.expiresInSeconds !== undefined
        }),
        "ClientRejected",
        ({ reason }) =>
          Effect.fail(
            reason === "no_such_key"
              ? new KeyUnknown({})
              : reason === "key_not_active"
                ? new KeyNotActive({})
                : new ClientUnknown({})
          )
      ),
    revoke: (caller, client, key) =>
      Effect.catchTag(
        unlessLast(
          key,
          execute(client, actorOf(caller), () => ({ _tag: "RevokeKey", key }))
        ),
        "ClientRejected",
        ({ reason }) => Effect.fail(reason === "no_such_key" ? new KeyUnknown({}) : new ClientUnknown({}))
      ),
    find: documents.find,
    list: documents.list,
    first: Effect.gen(function* () {
      const head = yield* store.head
      if (head !== undefined) yield* views.reached(head)
      if (roster.keys.size > 0) return undefined
      return yield* create({ kind: "gateway", id: "gateway" }, { name: "first", scopes: ["admin"] })
    })
  })
})

/** `keyIsConfigured`: then there is always an administrator. */
export const layer = (keyIsConfigured: boolean) => Layer.effect(Clients, make(keyIsConfigured))
