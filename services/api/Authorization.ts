import { Context } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import type { Scope } from "#domain/access/Scopes.ts"
import type { Principal } from "./Principal.ts"
import { Problem } from "./Problems.ts"

/** The key the request came with, already found good. */
export class CurrentPrincipal extends Context.Service<CurrentPrincipal, Principal>()(
  "homing/services/api/CurrentPrincipal"
) {}

/** What an endpoint asks of the key: one of these. */
export const RequiredScope = Context.Reference<ReadonlyArray<Scope>>("homing/services/api/RequiredScope", {
  defaultValue: () => []
})

/**
 * The answer is what the views show, in memory or by their rows: there is none before they have caught up with the log, nor
 * while there is no word of it. Whom to trust is known from the start.
 */
export const ShowsViews = Context.Reference<"memory" | "rows" | "trust" | undefined>("homing/services/api/ShowsViews", {
  defaultValue: () => undefined
})

/** Told also by a gateway whose clock is wrong: all else, keys that expire among it, it would judge by the wrong time. */
export const ToldAnyway = Context.Reference<boolean>("homing/services/api/ToldAnyway", {
  defaultValue: () => false
})

/** That an answer shows, or a request does, something that is written down of whoever asks. */
export interface Access {
  readonly deed: "read" | "exported" | "redriven" | "erased"
  /** What it is done to, as the access log calls it. */
  readonly of: string
  /** Without this scope nothing personal is shown. */
  readonly shownTo?: Scope
}

/** `undefined`: nothing is written down. */
export const WrittenDown = Context.Reference<Access | undefined>("homing/services/api/WrittenDown", {
  defaultValue: () => undefined
})

/** Which limit of a key a request counts towards. */
export type RateFamily = "messages" | "devices"

/** `undefined`: none. */
export const CountsAs = Context.Reference<RateFamily | undefined>("homing/services/api/CountsAs", {
  defaultValue: () => undefined
})

/** The endpoint counts its requests by itself: what else they count towards stands in their body. */
export const CountsItself = Context.Reference<boolean>("homing/services/api/CountsItself", {
  defaultValue: () => false
})

/**
 * A key is needed. Not declared as the builder's own kind of security: that decides anew for each request what an
 * endpoint's declaration already says, and costs as much as the rest of admission. `Security.ts` documents it.
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: CurrentPrincipal }>()(
  "homing/services/api/Authorization",
  {
    error: [
      Problem("bad_request"),
      Problem("unauthorized"),
      Problem("forbidden"),
      Problem("csrf_refused"),
      Problem("starting"),
      Problem("out_of_date"),
      Problem("clock_off")
    ]
  }
) {}
