import { Clock, Context, Effect, Layer, Schema } from "effect"
import { uuidV7 } from "#domain/Identifiers.ts"
import { ErasureId, type PeerId, type SubjectId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Erasure } from "#domain/privacy/Erasure.ts"
import * as ContactRows from "../contacts/ContactRows.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Caller } from "../runtime/Caller.ts"
import * as Requests from "../runtime/Requests.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { readable } from "../views/Views.ts"
import { ErasureActors } from "./ErasureActors.ts"
import * as ErasureRows from "./ErasureRows.ts"

export class ErasureUnknown extends Schema.TaggedError<ErasureUnknown>()("ErasureUnknown", {}) {}
export class ContactUnknown extends Schema.TaggedError<ContactUnknown>()("ContactUnknown", {}) {}

/** Who is meant: by one name, or by what a device knows them as. */
export type Meant =
  | { readonly kind: "phone" | "lid" | "bsuid"; readonly identity: string }
  | { readonly kind: "contact"; readonly id: PeerId }

/** What is asked about erasures. Carried out they are by `Eraser`. */
export class Erasures extends Context.Service<
  Erasures,
  {
    /** Whose data somebody's is, by one of their names. */
    readonly subjectOf: (meant: Meant) => Effect.Effect<SubjectId, ContactUnknown | Unavailable>
    /** Completes when it is durable that the person is to be erased. */
    readonly request: (
      caller: Caller,
      asked: { readonly subject: SubjectId; readonly idempotencyKey: string }
    ) => Effect.Effect<ErasureRows.ErasureRecord, Requests.OtherContent | EventStoreUnavailable>
    readonly find: (id: ErasureId) => Effect.Effect<ErasureRows.ErasureRecord, ErasureUnknown | EventStoreUnavailable>
    /** Newest first, those before `after`. */
    readonly list: (page: {
      readonly after: bigint | undefined
      readonly limit: number
    }) => Effect.Effect<
      { readonly items: ReadonlyArray<ErasureRows.ErasureRecord>; readonly next: bigint | undefined },
      Unavailable
    >
  }
>()("homing/services/erasure/Erasures") {}

export const layer = Layer.effect(
  Erasures,
  Effect.gen(function* () {
    const actors = yield* ErasureActors
    const contacts = yield* ContactRows.make
    const crypto = yield* Crypto
    const personal = yield* Personal
    const requests = yield* Requests.Requests
    const rows = yield* ErasureRows.make
    const store = yield* EventStore

    const find = Effect.fnUntraced(function* (id: ErasureId) {
      const record = ErasureRows.folded(yield* store.read(Erasure.streamOf(id)))
      return record ?? (yield* new ErasureUnknown())
    })

    return {
      find,

      subjectOf: Effect.fnUntraced(function* (meant) {
        if (meant.kind !== "contact") return personal.subjectOf(meant.kind, meant.identity)
        const peer = yield* contacts.find(meant.id)
        const [name] = peer?.kind === "person" ? yield* contacts.names([peer]) : []
        return name === undefined ? yield* new ContactUnknown() : name.name
      }, readable),

      request: Effect.fnUntraced(function* (caller, { idempotencyKey: key, subject }) {
        const fresh = uuidV7(crypto, yield* Clock.currentTimeMillis)
        const id = ErasureId.make(yield* requests.accept(caller, { what: "erasure", key, asked: { subject }, fresh }))
        const origin = { actor: { kind: "api_key", id: caller.key }, correlationId: id, causationId: id } as const
        const command = () => ({ _tag: "Request", subject, cause: "asked" }) as const
        yield* Effect.catchTag(actors.execute(Erasure.streamOf(id), command, origin), "ErasureRejected", Effect.die)
        return yield* Effect.catchTag(find(id), "ErasureUnknown", Effect.die)
      }),

      list: Effect.fnUntraced(function* ({ after, limit }) {
        const found = yield* rows.list({ after, limit: limit + 1 })
        const page = found.slice(0, limit)
        return {
          items: page.map(({ record }) => record),
          next: found.length > limit ? page.at(-1)?.position : undefined
        }
      }, readable)
    }
  })
).pipe(Layer.provide(Requests.layer))
