import { Context, type Effect, type Redacted, Schema } from "effect"
import { inWords } from "../SystemWords.ts"

export class SecretVaultUnavailable extends Schema.TaggedError<SecretVaultUnavailable>()("SecretVaultUnavailable", {
  name: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the secret ${this.name} is not available: ${inWords(this.cause)}`
  }
}

/** Long-lived secrets of one process, 32 random bytes each, by name. */
export class SecretVault extends Context.Service<
  SecretVault,
  {
    /** The secret of this name; made, and durable, on first use. A damaged secret fails: it is never replaced. */
    readonly obtain: (name: string) => Effect.Effect<Redacted.Redacted<Uint8Array>, SecretVaultUnavailable>
    /** The secret of this name if there is one. */
    readonly find: (name: string) => Effect.Effect<Redacted.Redacted<Uint8Array> | undefined, SecretVaultUnavailable>
  }
>()("homing/domain/ports/SecretVault") {}
