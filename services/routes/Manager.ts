import { Effect } from "effect"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { may } from "../api/Principal.ts"
import { refuse } from "../http/Answer.ts"

const unlisted = "The key's client may use some devices alone; targets are told of everybody."
/** Targets and routes are nobody's own. */
export const anybody = Effect.flatMap(CurrentPrincipal, (principal) =>
  principal.devices === "all" ? Effect.succeed(principal) : refuse("forbidden", { detail: unlisted })
)

const unread = "Targets are told what people say: to lead it there, the scope messages:read:all is needed as well."
/** Who lets a target read could read it himself. */
export const teller = Effect.flatMap(anybody, (principal) =>
  may(principal, "messages:read:all") ? Effect.succeed(principal) : refuse("forbidden", { detail: unread })
)
