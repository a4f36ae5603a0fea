import { Array, Effect } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { ownKey } from "#domain/wire/Keys.ts"

const secretOf = (kind: "signing" | "agreement", generation: number) =>
  generation === 1 ? `agent-${kind}` : `agent-${kind}-${generation}`

/** The agent's keys from the vault, the newest last; made on first use. */
export const ownKeys = Effect.fnUntraced(function* (generations: number) {
  const crypto = yield* Crypto
  const vault = yield* SecretVault
  return yield* Effect.forEach(
    Array.range(1, generations),
    Effect.fnUntraced(function* (generation) {
      const signing = yield* vault.obtain(secretOf("signing", generation))
      return ownKey(crypto, signing, yield* vault.obtain(secretOf("agreement", generation)))
    })
  )
})
