import { Context, type Effect, Schema } from "effect"
import type { SubjectId, TenantId } from "../Ids.ts"
import type { CipherKey } from "./Crypto.ts"

/** One subject's data key. `version` is written beside everything sealed under it. */
export interface SubjectKey {
  readonly version: string
  readonly key: CipherKey
}

export class SubjectKeysUnavailable extends Schema.TaggedError<SubjectKeysUnavailable>()("SubjectKeysUnavailable", {
  cause: Schema.Defect()
}) {}

/** The data key of each person or thing that events speak of, kept outside the log. Destroying a key is erasure. */
export class SubjectKeys extends Context.Service<
  SubjectKeys,
  {
    /** The key to seal with now; made, and durable, before the first use. */
    readonly obtain: (tenant: TenantId, subject: SubjectId) => Effect.Effect<SubjectKey, SubjectKeysUnavailable>

    /** The key something was sealed with; `undefined` once it was destroyed. */
    readonly find: (
      tenant: TenantId,
      subject: SubjectId,
      version: string
    ) => Effect.Effect<CipherKey | undefined, SubjectKeysUnavailable>

    /** Forgets every version, durably. What was sealed under them can never be read again. */
    readonly destroy: (tenant: TenantId, subject: SubjectId) => Effect.Effect<void, SubjectKeysUnavailable>
  }
>()("homing/domain/ports/SubjectKeys") {}
