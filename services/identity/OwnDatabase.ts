import { Effect, Layer } from "effect"
import { Leases } from "#domain/ports/Leases.ts"
import { Identity } from "./Identity.ts"
import { NotThisLogs } from "./Installation.ts"
import * as OwnLogRows from "./OwnLogRows.ts"

/** Refuses the views of another log: views and checkpoints of two logs in one are neither's. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { renewalMillis } = yield* Leases
    const { store } = (yield* Identity).known().state
    if ((yield* OwnLogRows.claim(store)) !== store)
      return yield* new NotThisLogs({ reason: renewalMillis === undefined ? "other_views" : "other_database" })
  })
)
