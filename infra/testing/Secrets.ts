import { Effect, Layer, Redacted } from "effect"
import { SecretVault } from "#domain/ports/SecretVault.ts"

/** A vault in which every secret is these bytes. */
export const vaultOf = (byte: number) => {
  const secret = () => Effect.succeed(Redacted.make(new Uint8Array(32).fill(byte)))
  return Layer.succeed(SecretVault, { obtain: secret, find: secret })
}

/** One without any, beside what is under a secret: none may be made. */
export const emptyVault = Layer.succeed(SecretVault, {
  obtain: () => Effect.die("a secret was made anew"),
  find: () => Effect.succeed(undefined)
})
