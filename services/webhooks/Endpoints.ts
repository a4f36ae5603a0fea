import { Clock, Context, Effect, Layer, Schema, Semaphore } from "effect"
import { Endpoint, type EndpointCommand, type Format } from "#domain/delivery/Endpoint.ts"
import * as Secret from "#domain/delivery/Secret.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { type DeviceId, EndpointId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { OutboundHttp, type RefusalReason } from "#domain/ports/OutboundHttp.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Decision } from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"
import * as Requests from "../runtime/Requests.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { inForce, Views } from "../views/Views.ts"
import { EndpointActors } from "./EndpointActors.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Erasure from "./Erasure.ts"

export class EndpointUnknown extends Schema.TaggedError<EndpointUnknown>()("EndpointUnknown", {}) {}
/** Nothing may be sent there. Holds nothing of the address. */
export class AddressRefused extends Schema.TaggedError<AddressRefused>()("AddressRefused", {
  reason: Schema.String
}) {}

export class EndpointsFull extends Schema.TaggedError<EndpointsFull>()("EndpointsFull", {}) {}

/** Each event is held against each of them, and each may have its attempts under way. */
export const mostEndpoints = 64

/** As its owner sees it. */
export interface EndpointDocument {
  readonly id: EndpointId
  /** Absent once it can no longer be read. */
  readonly url?: string
  readonly types: ReadonlyArray<string>
  readonly device: DeviceId | null
  readonly personal: boolean
  readonly format: Format
  readonly state: "enabled" | "disabled"
  readonly reason: EndpointRecord["disabled"]
  readonly createdAt: Instant
  /** Those that sign now, newest first. */
  readonly keys: ReadonlyArray<{ readonly publicKey: string; readonly until: Instant | null }>
  /** Of the newest, shown once. */
  readonly secret?: string
}

export interface Wanted {
  readonly url: string
  readonly types: ReadonlyArray<string>
  readonly device: DeviceId | null
  readonly personal: boolean
}
export interface Changes extends Partial<Wanted> {
  readonly enabled?: boolean
}
interface Keyed {
  readonly idempotencyKey: string
}

/** Who is told what happens. What a call here answers is in force when it answers, on this process. */
export class Endpoints extends Context.Service<
  Endpoints,
  {
    readonly create: (
      caller: Caller,
      wanted: Wanted & Keyed
    ) => Effect.Effect<EndpointDocument, AddressRefused | EndpointsFull | Requests.OtherContent | Unavailable>
    readonly change: (
      caller: Caller,
      id: EndpointId,
      changes: Changes
    ) => Effect.Effect<EndpointDocument, EndpointUnknown | AddressRefused | Unavailable>
    /** Signs with a new secret, and for so long also with the one before. */
    readonly rotate: (
      caller: Caller,
      id: EndpointId,
      rotation: Keyed & { readonly overlapSeconds: number }
    ) => Effect.Effect<EndpointDocument, EndpointUnknown | Requests.OtherContent | Unavailable>
    readonly remove: (caller: Caller, id: EndpointId) => Effect.Effect<void, EndpointUnknown | Unavailable>
    readonly find: (id: EndpointId) => Effect.Effect<EndpointDocument, EndpointUnknown | Unavailable>
    /** Oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<EndpointDocument>, Unavailable>
  }
>()("homing/services/webhooks/Endpoints") {}

/** Those that sign at this moment. */
export const signingAt = ({ secrets }: EndpointRecord, now: Instant) =>
  secrets.filter(({ until }) => until === null || until > now)

export const layer = Layer.effect(
  Endpoints,
  Effect.gen(function* () {
    const actors = yield* EndpointActors
    const crypto = yield* Crypto
    const erase = yield* Erasure.make
    const outbound = yield* OutboundHttp
    const personal = yield* Personal
    const registry = yield* EndpointRegistry
    const requests = yield* Requests.Requests
    const store = yield* EventStore
    const views = yield* Views
    /** Whoever is made is counted before another is. */
    const turns = yield* Semaphore.make(1)

    const vet = (url: string) =>
      Effect.catchTag(outbound.vet(url), "OutboundRefused", ({ reason }: { readonly reason: RefusalReason }) =>
        Effect.fail(new AddressRefused({ reason }))
      )

    const execute = Effect.fnUntraced(function* (
      { key }: Caller,
      id: EndpointId,
      command: (decision: Decision) => EndpointCommand
    ) {
      const { position } = yield* actors.execute(Endpoint.streamOf(id), command, {
        actor: { kind: "api_key", id: key },
        correlationId: id,
        causationId: id
      })
      // a repeat records nothing, and what it repeats may be just as new
      const recorded = position ?? (yield* store.head)
      if (recorded !== undefined) yield* inForce(views, recorded)
      return position !== undefined
    })
    const ask = (caller: Caller, id: EndpointId, command: (decision: Decision) => EndpointCommand) =>
      Effect.catchTag(execute(caller, id, command), "EndpointRejected", () => Effect.fail(new EndpointUnknown({})))

    const present = Effect.fnUntraced(function* (record: EndpointRecord, secret?: string) {
      const { createdAt, device, disabled: reason, id, tenant, types, urlBy } = record
      const now = fromMillis(yield* Clock.currentTimeMillis)
      const whose = { stream: Endpoint.streamOf(id), subject: personal.subjectOf("endpoint", id) }
      const url = yield* personal.reveal(record.url, { tenant, event: urlBy, field: "url" }, whose)
      const document: EndpointDocument = {
        id,
        ...(url !== undefined && { url }),
        types,
        device,
        personal: record.personal,
        format: record.format ?? "standard",
        state: reason === null ? "enabled" : "disabled",
        reason,
        createdAt,
        keys: signingAt(record, now)
          .filter(({ publicKey }) => publicKey !== "")
          .map((key) => ({ publicKey: Secret.publicKeyOf(key), until: key.until })),
        ...(secret !== undefined && { secret })
      }
      return document
    })
    const find = Effect.fnUntraced(function* (id: EndpointId, secret?: string) {
      const record = registry.get(id)
      return record === undefined ? yield* new EndpointUnknown({}) : yield* present(record, secret)
    })

    return {
      find: (id) => find(id),
      list: Effect.suspend(() => Effect.forEach(registry.values(), (record) => present(record))),

      create: Effect.fnUntraced(function* (caller, { idempotencyKey: key, ...asked }) {
        yield* vet(asked.url)
        const fresh = uuidV7(crypto, yield* Clock.currentTimeMillis)
        const id = EndpointId.make(yield* requests.accept(caller, { what: "endpoint", key, asked, fresh }))
        const { publicKey, shown, text } = Secret.make(crypto)
        const seal = yield* personal.sealFor("endpoint", id)
        const { url, ...plain } = asked
        const secret = Secret.newId(crypto)
        const making = Effect.gen(function* () {
          if (!registry.has(id) && registry.size >= mostEndpoints) return yield* new EndpointsFull()
          return yield* execute(caller, id, ({ eventId }) => ({
            _tag: "Create",
            created: {
              ...plain,
              url: seal(eventId(0), "url", url),
              secret: { id: secret, publicKey, box: seal(eventId(0), "secret", text) }
            }
          }))
        })
        const isNew = yield* turns.withPermit(making).pipe(
          Effect.catchTag("EndpointRejected", () =>
            Effect.andThen(
              Effect.flatMap(store.head, (head) => (head === undefined ? Effect.void : inForce(views, head))),
              Effect.succeed(false)
            )
          )
        )
        const made = find(id, isNew ? shown : undefined)
        return yield* Effect.catchTag(made, "EndpointUnknown", () => Effect.fail(new Requests.OtherContent({})))
      }),

      change: Effect.fnUntraced(function* (caller, id, { enabled, url, ...plain }) {
        if (url !== undefined) yield* vet(url)
        const seal = yield* personal.sealFor("endpoint", id)
        yield* ask(caller, id, ({ eventId }) => ({
          _tag: "Update",
          updated: { ...plain, ...(url !== undefined && { url: seal(eventId(0), "url", url) }) }
        }))
        if (enabled !== undefined) {
          yield* ask(caller, id, () => (enabled ? { _tag: "Enable" } : { _tag: "Disable", reason: "operator" }))
        }
        return yield* find(id)
      }),

      rotate: Effect.fnUntraced(function* (caller, id, { idempotencyKey: key, overlapSeconds }) {
        const record = registry.get(id) ?? (yield* new EndpointUnknown({}))
        const fresh = Secret.newId(crypto)
        const what = `secret of ${id}`
        const secret = yield* requests.accept(caller, { what, key, asked: { overlapSeconds }, fresh })
        const made = record.format === "wa-gateway" ? Secret.makeShared(crypto) : Secret.make(crypto)
        const { publicKey, shown, text } = made
        const seal = yield* personal.sealFor("endpoint", id)
        const isNew = yield* ask(caller, id, ({ at, eventId }) => ({
          _tag: "Rotate",
          secret: { id: secret, publicKey, box: seal(eventId(0), "secret", text) },
          until: fromMillis(toMillis(at) + overlapSeconds * 1_000)
        }))
        return yield* find(id, isNew ? shown : undefined)
      }),

      remove: (caller, id) =>
        Effect.uninterruptible(
          Effect.andThen(
            ask(caller, id, () => ({ _tag: "Remove" })),
            erase(id)
          )
        )
    }
  })
).pipe(Layer.provide(Requests.layer))
