import { Effect, Layer } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { Trust } from "../http/ClientAddress.ts"
import { type KnownApp, KnownApps } from "../routes/KnownApps.ts"
import { appsIn, areThere } from "./Apps.ts"
import { saidIn } from "./Environment.ts"
import type { Options } from "./Receiving.ts"

/** What Meta tells at its one address, and session sources at theirs; nothing of it is loaded where neither is configured. */
export const layer = (options: Options | undefined, trustProxy: Trust | undefined) =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (options === undefined || !(areThere(options) || options.sessions !== undefined)) return Layer.empty
      const Receiving = yield* Effect.promise(() => import("./Receiving.ts"))
      return Receiving.layer(options, trustProxy)
    })
  )

/** Which apps there are, for whoever asks where something goes. */
export const known = (options: Options | undefined) =>
  Layer.effect(
    KnownApps,
    Effect.map(Crypto, (crypto) => {
      if (options === undefined) return new Map()
      const knownAs = (mode: KnownApp["mode"]): KnownApp =>
        mode === "sync" ? { mode, handedOn: saidIn(options).routes } : { mode }
      return new Map([...appsIn(crypto, options)].map(([name, { mode }]) => [name, knownAs(mode)]))
    })
  )
