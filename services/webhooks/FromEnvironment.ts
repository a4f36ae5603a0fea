import { Clock, Effect, Layer, Redacted } from "effect"
import { Endpoint, type EndpointCommand } from "#domain/delivery/Endpoint.ts"
import * as Secret from "#domain/delivery/Secret.ts"
import { endpointIdOf } from "#domain/Identifiers.ts"
import { fromMillis } from "#domain/Instant.ts"
import { patiently } from "#domain/Patience.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { OutboundHttp } from "#domain/ports/OutboundHttp.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Decision } from "../runtime/AggregateActors.ts"
import { Provenance } from "../runtime/Provenance.ts"
import type { Values } from "../Setting.ts"
import { Views } from "../views/Views.ts"
import { EndpointActors } from "./EndpointActors.ts"
import { EndpointRegistry } from "./EndpointRegistry.ts"
import * as Opened from "./Opened.ts"
import type { settings } from "./Settings.ts"

export interface Options {
  readonly environment?: Values<typeof settings>
}

/**
 * The endpoint that the environment names: made at the first start that names it, and made to be as it says at every later
 * one. Somebody who removes it has the last word.
 */
export const layer = ({ environment }: Options) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      if (environment?.url === undefined) return
      const { secret, timeoutMillis } = environment
      const url = Redacted.value(environment.url)
      const shared = secret === undefined ? "" : Redacted.value(secret)
      const actors = yield* EndpointActors
      const crypto = yield* Crypto
      const open = yield* Opened.make
      const outbound = yield* OutboundHttp
      const personal = yield* Personal
      const { pepper, tenant } = yield* Provenance
      const registry = yield* EndpointRegistry
      const store = yield* EventStore
      const views = yield* Views
      const id = endpointIdOf(crypto, pepper, tenant, "environment")

      const execute = (command: (decision: Decision) => EndpointCommand) =>
        actors.execute(Endpoint.streamOf(id), command, {
          actor: { kind: "gateway", id: "gateway" },
          correlationId: id,
          causationId: id
        })

      const keep = Effect.gen(function* () {
        const head = yield* store.head
        if (head !== undefined) yield* views.reached(head)
        const record = registry.get(id)
        if (record === undefined && (yield* store.read(Endpoint.streamOf(id))).length > 0) {
          return yield* Effect.logWarning("the endpoint of WEBHOOK_URL was removed, and stays so", { endpoint: id })
        }
        const seal = yield* personal.sealFor("endpoint", id)
        const fresh = ({ eventId }: Decision) => {
          const box = seal(eventId(0), "secret", Secret.shared(shared))
          return { id: Secret.newId(crypto), publicKey: "", box }
        }
        if (record === undefined) {
          const plain = { types: [], device: null, personal: true, format: "wa-gateway", timeoutMillis } as const
          yield* execute((decision) => ({
            _tag: "Create",
            created: { ...plain, url: seal(decision.eventId(0), "url", url), secret: fresh(decision) }
          }))
          return
        }
        const opened = yield* open(record)
        if (opened?.url !== url || record.timeoutMillis !== timeoutMillis) {
          yield* execute(({ eventId }) => ({
            _tag: "Update",
            updated: { timeoutMillis, ...(opened?.url !== url && { url: seal(eventId(0), "url", url) }) }
          }))
        }
        if (opened?.secrets[0]?.shared === shared) return
        const until = fromMillis(yield* Clock.currentTimeMillis)
        yield* execute((decision) => ({ _tag: "Rotate", secret: fresh(decision), until }))
      })

      yield* outbound.vet(url).pipe(
        Effect.matchEffect({
          onFailure: ({ reason }) =>
            Effect.logError("nothing may be sent to the address of WEBHOOK_URL; no endpoint is made of it", { reason }),
          onSuccess: () => Effect.retry(keep, patiently)
        }),
        Effect.forkScoped
      )
    })
  )
