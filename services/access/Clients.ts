import { Context, Effect, Layer, Option, Schema, Semaphore, Stream } from "effect"
import { isReleased } from "#domain/Aggregates.ts"
import { Client, type ClientCommand } from "#domain/access/Client.ts"
import { inOrder, type Scope } from "#domain/access/Scopes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { ApiKeyId, ClientId, type DeviceId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { Actor } from "#domain/Recorded.ts"
import { Personal } from "../privacy/Personal.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"
import { pastOf } from "../runtime/Past.ts"
import * as Requests from "../runtime/Requests.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { inForce, Views } from "../views/Views.ts"
import { isLast } from "./Administrators.ts"
import * as ClientDocuments from "./ClientDocuments.ts"
import { newCredential, newKeyId } from "./Credential.ts"
import { Roster } from "./Roster.ts"

/** A key as it is shown once: the secret is kept nowhere, and a request that is repeated is answered without. */
export interface NewKey {
  readonly id: ApiKeyId
  readonly secret?: string
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
type First = { readonly client: ClientId; readonly key: Required<Pick<NewKey, "id" | "secret">> }
/** Without a key each request is another one. */
interface Repeatable {
  readonly idempotencyKey?: string | undefined
}
interface NewKeyRequest extends Repeatable {
  readonly name?: string | undefined
  readonly scopes: ReadonlyArray<Scope>
  /** Without: until it is revoked. */
  readonly expiresInSeconds?: number | undefined
}
interface NewClient extends Omit<NewKeyRequest, "name"> {
  readonly name: string
  readonly keyName?: string | undefined
  /** Without: all. */
  readonly devices?: ReadonlyArray<DeviceId>
}
interface Rotation extends Repeatable {
  /** How long the old key stays good. */
  readonly overlapSeconds: number
  /** Of the new one. */
  readonly expiresInSeconds?: number | undefined
}

/** Who may call the API. What a call here answers is in force when it answers, on this process. */
export class Clients extends Context.Service<
  Clients,
  {
    readonly create: (caller: Caller, client: NewClient) => Effect.Effect<Created, Requests.OtherContent | Unavailable>
    /** Which devices it may use from now on; `undefined`: all. */
    readonly limit: (
      caller: Caller,
      client: ClientId,
      devices: ReadonlyArray<DeviceId> | undefined
    ) => Effect.Effect<ClientDocuments.ClientDocument, ClientUnknown | Unavailable>
    readonly issue: (
      caller: Caller,
      client: ClientId,
      key: NewKeyRequest
    ) => Effect.Effect<NewKey, ClientUnknown | Requests.OtherContent | Unavailable>
    /** Issues a key with the scopes and the name of this one, which stays good for the overlap, and never longer than it was. */
    readonly rotate: (
      caller: Caller,
      client: ClientId,
      key: ApiKeyId,
      rotation: Rotation
    ) => Effect.Effect<
      Rotated,
      ClientUnknown | KeyUnknown | KeyNotActive | LastAdministrator | Requests.OtherContent | Unavailable
    >
    readonly revoke: (
      caller: Caller,
      client: ClientId,
      key: ApiKeyId
    ) => Effect.Effect<void, ClientUnknown | KeyUnknown | LastAdministrator | Unavailable>
    readonly find: (client: ClientId) => Effect.Effect<ClientDocuments.ClientDocument | undefined, Unavailable>
    /** Oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<ClientDocuments.ClientDocument>, Unavailable>
    /** The first client, with a key that may do everything; `undefined` when the log has any key already. */
    readonly first: Effect.Effect<First | undefined, Unavailable>
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
  const requests = yield* Requests.Requests
  const turns = yield* Semaphore.make(1)

  /** Whoever asks; nobody does for the first client. */
  type By = Caller | undefined

  /** Answers whether it says something new. */
  const execute = Effect.fnUntraced(function* (
    client: ClientId,
    by: By,
    command: (decision: AggregateActors.Decision) => ClientCommand
  ) {
    const actor: Actor = by === undefined ? { kind: "gateway", id: "gateway" } : { kind: "api_key", id: by.key }
    const { position } = yield* actors.execute(Client.streamOf(client), command, {
      actor,
      correlationId: client,
      causationId: actor.id
    })
    // a repeat records nothing, and what it repeats may be just as new
    const recorded = position ?? (yield* store.head)
    if (recorded !== undefined) yield* inForce(views, recorded)
    return position !== undefined
  })

  /** The id of what is asked for: that of the first such request, if it has a key. */
  const idOf = (by: By, what: string, { idempotencyKey: key, ...asked }: Repeatable, fresh: string) =>
    by === undefined || key === undefined ? Effect.succeed(fresh) : requests.accept(by, { what, key, asked, fresh })
  const credentialOf = (by: By, what: string, request: Repeatable) =>
    Effect.map(idOf(by, what, request, newKeyId(crypto)), (id) => newCredential(crypto, ApiKeyId.make(id)))

  /** A key as the roster has it; of one that was just issued, the secret. */
  const shown = (id: ApiKeyId, secret: string | undefined): NewKey => {
    const { expiresAt, scopes } = roster.keys.get(id)!
    return {
      id,
      ...(secret !== undefined && { secret }),
      scopes: [...scopes],
      ...(expiresAt !== undefined && { expiresAt })
    }
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
    client: ClientId,
    key: ApiKeyId,
    change: Effect.Effect<A, E>,
    replacement?: { readonly expires: boolean }
  ) => {
    const known = roster.keys.get(key)
    const concerns = known === undefined || (known.client === client && known.scopes.has("admin"))
    if (keyIsConfigured || !concerns) return change
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
    by: By,
    request: NewKeyRequest,
    what = `key of ${client}`
  ) {
    const { expiresInSeconds, name, scopes } = request
    const { digest, id, secret } = yield* credentialOf(by, what, request)
    const named = yield* naming(client, name)
    const isNew = yield* execute(client, by, ({ at, eventId }) => ({
      _tag: "IssueKey",
      issued: { key: id, digest, scopes: inOrder(scopes), ...named({ at, eventId }) },
      ...(expiresInSeconds !== undefined && { expiresAt: later(at, expiresInSeconds) })
    }))
    return shown(id, isNew ? secret : undefined)
  })

  const rotate = Effect.fnUntraced(function* (client: ClientId, by: By, key: ApiKeyId, rotation: Rotation) {
    const { expiresInSeconds, overlapSeconds } = rotation
    const { digest, id, secret } = yield* credentialOf(by, `rotation of ${key}`, rotation)
    const known = roster.keys.get(key)
    const named = yield* naming(client, known && (yield* documents.nameOf(known)))
    const isNew = yield* execute(client, by, ({ at, eventId }) => ({
      _tag: "RotateKey",
      key,
      replacement: { key: id, digest, ...named({ at, eventId }) },
      ...(expiresInSeconds !== undefined && { replacementExpiresAt: later(at, expiresInSeconds) }),
      until: later(at, overlapSeconds),
      at
    }))
    const shownKey = shown(id, isNew ? secret : undefined)
    return { key: shownKey, replaces: { id: key, expiresAt: roster.keys.get(key)!.expiresAt! } }
  })

  const create = Effect.fnUntraced(
    function* (by: By, asked: NewClient) {
      const { devices, keyName, name, ...key } = asked
      const client = ClientId.make(yield* idOf(by, "client", asked, uuidV7(crypto, wall())))
      const seal = yield* personal.sealFor("client", client)
      const made = execute(client, by, ({ eventId }) => ({
        _tag: "Create",
        name: seal(eventId(0), "name", name),
        ...(devices !== undefined && { devices })
      }))
      yield* Effect.catchTag(made, "ClientRejected", (rejected) =>
        rejected.reason === "exists" ? Effect.void : Effect.fail(rejected)
      )
      return { client, key: yield* issue(client, by, { ...key, name: keyName }, `first key of ${client}`) }
    },
    Effect.catchTag("ClientRejected", (error) => Effect.die(error))
  )

  /** Rows that somebody emptied are no reason to give out another key. */
  const isKeyInLog = (head: bigint) =>
    pastOf([Client.category], head).pipe(
      Stream.filter((event) => isReleased(event) && Client.read(event).type === "client.key_issued"),
      Stream.runHead,
      Effect.map(Option.isSome),
      Effect.provideService(EventStore, store)
    )

  return Clients.of({
    create,
    limit: Effect.fnUntraced(
      function* (caller, client, devices) {
        yield* execute(client, caller, () => ({ _tag: "SetDevices", devices }))
        return (yield* documents.find(client))!
      },
      Effect.catchTag("ClientRejected", () => Effect.fail(new ClientUnknown({})))
    ),
    issue: (caller, client, key) =>
      Effect.catchTag(issue(client, caller, key), "ClientRejected", () => Effect.fail(new ClientUnknown({}))),
    rotate: (caller, client, key, rotation) =>
      Effect.catchTag(
        unlessLast(client, key, rotate(client, caller, key, rotation), {
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
        unlessLast(client, key, Effect.asVoid(execute(client, caller, () => ({ _tag: "RevokeKey", key })))),
        "ClientRejected",
        ({ reason }) => Effect.fail(reason === "no_such_key" ? new KeyUnknown({}) : new ClientUnknown({}))
      ),
    find: documents.find,
    list: documents.list,
    first: Effect.gen(function* () {
      const head = yield* store.head
      if (head !== undefined) yield* views.reached(head)
      if (roster.keys.size > 0 || (head !== undefined && (yield* isKeyInLog(head)))) return undefined
      const made = create(undefined, { name: "first", scopes: ["admin"] })
      const { client, key } = yield* Effect.catchTag(made, "OtherContent", Effect.die)
      return { client, key: { id: key.id, secret: key.secret! } } // nobody asks for it twice
    })
  })
})

/** `keyIsConfigured`: then there is always an administrator. */
export const layer = (keyIsConfigured: boolean) =>
  Layer.effect(Clients, make(keyIsConfigured)).pipe(Layer.provide(Requests.layer))
