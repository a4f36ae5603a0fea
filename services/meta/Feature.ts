import { Effect, Layer } from "effect"
import type { Trust } from "../http/ClientAddress.ts"
import { areThere } from "./Apps.ts"
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
