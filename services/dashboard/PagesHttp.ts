import { join } from "node:path"
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { problem } from "../api/Problems.ts"
import { respond } from "../http/Answer.ts"
import { pathOf } from "../http/Paths.ts"
import type { Found } from "./Files.ts"
import { page, typed } from "./Places.ts"

/** Where the build puts the pages, seen from here and from a bundle of the gateway. */
const built = [join(import.meta.dirname, "dist"), join(import.meta.dirname, "../services/dashboard/dist")]

const files = Effect.promise(() => import("./Files.ts"))
const shown = ({ bytes, headers }: Found) => HttpServerResponse.uint8Array(bytes, { headers })
const unbuilt = respond(
  problem("dashboard_not_built", {
    detail: "`npm run dashboard:build` makes its pages, and `npm ci` does where it may."
  })
)
/** Relative: whatever path a proxy put before ours, the browser keeps. */
const led = HttpServerResponse.empty({ status: 302, headers: { location: page.slice(1) } })

/** The dashboard's pages; whoever opens one needs no key yet. `folders`: where they may be. */
export const layer = (folders: ReadonlyArray<string> = built) =>
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const found = Effect.gen(function* () {
        const { headers, url } = yield* HttpServerRequest.HttpServerRequest
        if (pathOf(url) === typed) return led
        const { fileIn, pageIn, placeOf } = yield* files
        const folder = placeOf(folders)
        if (folder === undefined) return unbuilt
        const name = pathOf(url).slice(page.length)
        if (name === "") {
          const index = yield* Effect.promise(() => pageIn(folder))
          return index === undefined ? unbuilt : shown(index)
        }
        const file = yield* Effect.promise(() => fileIn(folder, name, headers["accept-encoding"] ?? ""))
        return file === undefined ? respond(problem("not_found")) : shown(file)
      })
      yield* router.add("GET", `${page}*`, found) // and without the slash as well
    })
  )
