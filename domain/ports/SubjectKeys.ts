import { Context, type Effect, Schema } from "effect"
import type { SubjectId, TenantId } from "../Ids.ts"
import type { CipherKey } from "./Crypto.ts"

/** One subject's data key. `version` is written beside everything sealed under it. */
export interface SubjectKey {
  readonly version: string
  readonly key: CipherKey
}

export interface Ownership {
  readonly log: string | undefined
  readonly isEmpty: boolean
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

    /** Whose keys these are, once a log has claimed them. `isEmpty`: not one is here, and none was ever destroyed. */
    readonly ownership: Effect.Effect<Ownership, SubjectKeysUnavailable>
    /** They are this log's from now on. */
    readonly claim: (log: string) => Effect.Effect<void, SubjectKeysUnavailable>

    /**
     * The key something was sealed with. `destroyed`: somebody meant it to be gone. `missing`: there is no such key and
     * nobody destroyed it, or it does not open: something is wrong with what keeps the keys.
     */
    readonly find: (
      tenant: TenantId,
      subject: SubjectId,
      version: string
    ) => Effect.Effect<CipherKey | "destroyed" | "missing", SubjectKeysUnavailable>

    /** Every key of the subject that is here, in whatever version. None is made. */
    readonly all: (
      tenant: TenantId,
      subject: SubjectId
    ) => Effect.Effect<ReadonlyArray<SubjectKey>, SubjectKeysUnavailable>

    /**
     * Forgets every version, durably, and remembers of each that it was destroyed: a copy that comes back does not count.
     * What was sealed under them can never be read again.
     */
    readonly destroy: (tenant: TenantId, subject: SubjectId) => Effect.Effect<void, SubjectKeysUnavailable>

    /**
     * What this process remembers of the subject's keys is believed no longer: another process has destroyed them. Of what
     * is there it destroys nothing.
     */
    readonly forget: (tenant: TenantId, subject: SubjectId) => void

    /** Fails when no key could be found, or made, as far as that can be told without: nobody can be written to then. */
    readonly ready: Effect.Effect<void, SubjectKeysUnavailable>
  }
>()("homing/domain/ports/SubjectKeys") {}
