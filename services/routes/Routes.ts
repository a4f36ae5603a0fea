import { Context, type Effect } from "effect"
import type { Signatory } from "#domain/delivery/Secret.ts"
import type { Instant } from "#domain/Instant.ts"
import type { Configuration, Target } from "#domain/meta/Target.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"

/** What of a target is sealed. */
export interface Opened {
  readonly url: string
  /** Newest first. Of a `raw` one `shared` is what it is told as its secret; empty: nothing. */
  readonly secrets: ReadonlyArray<Signatory & { readonly until: Instant | null }>
}

/** Where what Meta tells goes, as the log has it: the same on every gateway, and known without a question to anybody. */
export class Routes extends Context.Service<
  Routes,
  {
    /** Of an app that nobody has said anything of, nothing leads anywhere. */
    readonly current: (app: string) => Configuration
    /** `undefined` when it cannot be read any more. */
    readonly opened: (target: Target) => Effect.Effect<Opened | undefined, SubjectKeysUnavailable>
  }
>()("homing/services/routes/Routes") {}
