import { Context, Effect, Layer, Schedule } from "effect"
import { type AccessEvent, AccessRecord, type Deed } from "#domain/access/AccessRecord.ts"
import * as Clocks from "#domain/Clocks.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { AccessRecordId, type ApiKeyId, type ClientId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { Actor } from "#domain/Recorded.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"

export interface Options {
  /** Whether reads are written down, and not only what is done once in a while. */
  readonly reads: boolean
}

const everyMillis = 60_000
/** At a stop. */
const patience = "1 second"

/** Who did what with somebody's data, as events. */
export class AccessLog extends Context.Service<
  AccessLog,
  {
    /** Gathered: one event a minute at most for each client and kind. A process that is killed takes its minute along. */
    readonly noteRead: (caller: Caller, kind: string) => void
    /** The same, of what opened no session: of whoever's key it had been, if it was one. */
    readonly noteRefused: (client: ClientId | undefined) => void
    /** At once, and before it is answered: nothing that was not written down is shown. */
    readonly record: (caller: Caller, deed: Deed, kind: string) => Effect.Effect<void, EventStoreUnavailable>
  }
>()("homing/services/access/AccessLog") {}

interface Gathered {
  readonly client: ClientId | undefined
  readonly keys: Set<ApiKeyId>
  /** `undefined`: logins that were refused. */
  readonly kind: string | undefined
  readonly since: Instant
  count: number
}

interface Recording {
  readonly id: AccessRecordId
  readonly client: ClientId | undefined
  readonly events: ReadonlyArray<AccessEvent>
}

const eventOf = ({ client, count, keys, kind, since }: Gathered): AccessEvent =>
  kind === undefined || client === undefined
    ? { type: "access.login_refused", data: { ...(client !== undefined && { client }), count, since } }
    : { type: "access.read", data: { client, keys: [...keys], of: kind, count, since } }

export const layer = ({ reads }: Options) =>
  Layer.effect(
    AccessLog,
    Effect.gen(function* () {
      const wall = yield* Clocks.wall
      const crypto = yield* Crypto
      const actors = yield* AggregateActors.make(AccessRecord)
      const gathered = new Map<string, Gathered>()
      /** Offered again under the same ids until it is known to be stored; meanwhile more is gathered. */
      let unrecorded: ReadonlyArray<Recording> = []

      const newId = () => AccessRecordId.make(uuidV7(crypto, wall()))
      const append = ({ client, events, id }: Recording, actor: Actor) =>
        actors
          .execute(
            AccessRecord.streamOf(id),
            () => ({ _tag: "Record", events }),
            { actor, correlationId: id, causationId: client ?? id },
            { expectNew: true }
          )
          .pipe(Effect.catchTag("AccessRejected", Effect.die), Effect.asVoid)

      const note = (client: ClientId | undefined, kind: string | undefined, key?: ApiKeyId) => {
        const name = `${client} ${kind}`
        let found = gathered.get(name)
        if (found === undefined) {
          found = { client, keys: new Set(), kind, since: fromMillis(wall()), count: 0 }
          gathered.set(name, found)
        }
        found.count++
        if (key !== undefined) found.keys.add(key)
      }

      const flush = Effect.suspend(() => {
        if (unrecorded.length === 0) {
          const byClient = Map.groupBy(gathered.values(), ({ client }) => client)
          unrecorded = [...byClient].map(([client, some]) => ({ id: newId(), client, events: some.map(eventOf) }))
          gathered.clear()
        }
        return Effect.forEach(
          unrecorded,
          (one) =>
            Effect.map(append(one, { kind: "gateway", id: "gateway" }), () => {
              unrecorded = unrecorded.filter((other) => other !== one)
            }),
          { discard: true }
        )
      })
      yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(flush, patience)))
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(flush), Schedule.spaced(everyMillis)))

      return {
        noteRead: ({ client, key }, kind) => {
          if (reads) note(client, kind, key)
        },
        noteRefused: (client) => note(client, undefined),
        record: ({ client, key }, deed, kind) =>
          Effect.suspend(() => {
            const data = { client, keys: [key], of: kind, count: 1, since: fromMillis(wall()) }
            const events = [{ type: `access.${deed}` as const, data }]
            return append({ id: newId(), client, events }, { kind: "api_key", id: key })
          })
      }
    })
  )
