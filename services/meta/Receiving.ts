import { hostname } from "node:os"
import { Effect, Layer, type Redacted, Schema } from "effect"
import { Blobs } from "#domain/ports/Blobs.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { Trust } from "../http/ClientAddress.ts"
import { Needs } from "../runtime/Needs.ts"
import * as Answer from "./Answer.ts"
import { type AppSettings, appsIn } from "./Apps.ts"
import * as BatchActors from "./BatchActors.ts"
import * as Door from "./Door.ts"
import * as FactActors from "./FactActors.ts"
import * as Facts from "./Facts.ts"
import * as Forwarding from "./Forwarding.ts"
import * as FromEnvironment from "./FromEnvironment.ts"
import * as Keeping from "./Keeping.ts"
import { defaultApp } from "./Paths.ts"
import * as Retention from "./Retention.ts"
import { Rush } from "./Rush.ts"
import * as SessionDoor from "./SessionDoor.ts"
import * as SessionFacts from "./SessionFacts.ts"
import { type SourceSettings, sessionSources } from "./SessionSources.ts"
import * as SessionSplitter from "./SessionSplitter.ts"
import * as Splitter from "./Splitter.ts"

export interface Options extends AppSettings, Forwarding.Options {
  readonly certificateHeader?: string | undefined
  readonly healthToken?: Redacted.Redacted | undefined
  /** How long bytes are kept that were taken apart. */
  readonly rawDays: number
  readonly sessions?: Redacted.Redacted<SourceSettings> | undefined
  /** What this gateway is called beside what it took; without it the name of its machine. */
  readonly proxyId?: string | undefined
  readonly patience?: Door.Options["patience"]
  /** How often what is to be destroyed is looked for. */
  readonly lookMillis?: number | undefined
}

/** What a header says is believed of nobody, and then nobody is let in. */
export class NoProxyTrusted extends Schema.TaggedError<NoProxyTrusted>()("NoProxyTrusted", {}) {
  override get message() {
    return (
      "META_CLIENT_CERTIFICATE_HEADER is set, and TRUST_PROXY is not: nobody is believed who writes that header. " +
      "Set TRUST_PROXY to the proxy that writes it, or unset META_CLIENT_CERTIFICATE_HEADER"
    )
  }
}

/** Meta's door, and behind it what its apps are for. */
export const layer = (options: Options, trustProxy: Trust | undefined) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { certificateHeader, healthToken, patience } = options
      const needs = yield* Needs
      if (certificateHeader !== undefined && trustProxy === undefined) return yield* new NoProxyTrusted()
      const apps = appsIn(yield* Crypto, options)
      const isDurable = [...apps.values()].some(({ mode }) => mode === "durable")
      if (isDurable || options.sessions !== undefined) {
        const { ready } = yield* Blobs
        yield* ready
        needs.add({ ready })
      }
      if (apps.get(defaultApp)?.mode === "sync") yield* Forwarding.vet(options)
      const forward = yield* Forwarding.make(options)
      const keep = yield* Keeping.make(options.proxyId ?? hostname())
      const isReady = apps.get(defaultApp)?.mode === "durable" ? yield* FromEnvironment.make(options) : () => true
      const rush = new Rush()
      const sources = sessionSources(yield* Crypto, options.sessions)
      const door = Door.layer({
        apps,
        certificateHeader,
        healthToken,
        patience,
        trustProxy,
        receive: (webhook) => {
          if (webhook.mode === "sync") return forward(webhook)
          if (webhook.app === defaultApp && !isReady()) return Effect.succeed(Answer.unavailable("starting"))
          return rush.during(keep(webhook))
        }
      })
      const sessionDoor = SessionDoor.layer({
        sources,
        patience,
        trustProxy,
        receive: (told) => rush.during(keep(told, "session"))
      })
      // also where nothing more is kept: something may have been before
      return Layer.mergeAll(
        sessionDoor.pipe(Layer.provide(door)),
        Splitter.layer(rush),
        SessionSplitter.layer(sources, rush),
        Retention.layer({ keptMillis: options.rawDays * dayMillis, lookMillis: options.lookMillis })
      )
    })
  ).pipe(Layer.provide([Facts.layer, SessionFacts.layer]), Layer.provide([BatchActors.layer, FactActors.layer]))

const dayMillis = 24 * 3_600_000
