import { Effect, Layer } from "effect"
import { MetaApp } from "#domain/Ids.ts"
import { ofApp, ofDevices, ofSession, type RoutedSource } from "#domain/meta/RoutedSource.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { Trust } from "../http/ClientAddress.ts"
import { type KnownApp, KnownApps } from "../routes/KnownApps.ts"
import { appsIn, areThere } from "./Apps.ts"
import { saidIn } from "./Environment.ts"
import type { Options } from "./Receiving.ts"
import { sessionSources } from "./SessionSources.ts"

/** What Meta tells at its one address, and session sources at theirs; nothing of it is loaded where neither is configured. */
export const layer = (options: Options | undefined, trustProxy: Trust | undefined) =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (options === undefined || !(areThere(options) || options.sessions !== undefined)) return Layer.empty
      const Receiving = yield* Effect.promise(() => import("./Receiving.ts"))
      return Receiving.layer(options, trustProxy)
    })
  )

/** Whose facts there are, for whoever asks where something goes. */
export const known = (options: Options | undefined) =>
  Layer.effect(
    KnownApps,
    Effect.map(Crypto, (crypto) => {
      const devices = [[ofDevices, { mode: "durable" }]] as const
      if (options === undefined) return new Map<RoutedSource, KnownApp>(devices)
      const knownAs = (mode: KnownApp["mode"]): KnownApp =>
        mode === "sync" ? { mode, handedOn: saidIn(options).routes } : { mode }
      const apps = [...appsIn(crypto, options)].map(
        ([name, { mode }]) => [ofApp(MetaApp.make(name)), knownAs(mode)] as const
      )
      const sessions = [...sessionSources(crypto, options.sessions)].map(
        ([name, { mapping }]) => [ofSession(MetaApp.make(name)), { mode: "durable", mapping }] as const
      )
      return new Map<RoutedSource, KnownApp>([...devices, ...apps, ...sessions])
    })
  )
