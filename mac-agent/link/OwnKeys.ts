import { Array, Effect, Schema } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { ownKey } from "#domain/wire/Keys.ts"

const secretOf = (kind: "signing" | "agreement", generation: number) =>
  generation === 1 ? `agent-${kind}` : `agent-${kind}-${generation}`

/** A gateway knows this agent by a key that is lost: another in its place would be nobody to it. */
export class OwnKeyMissing extends Schema.TaggedError<OwnKeyMissing>()("OwnKeyMissing", { secret: Schema.String }) {
  override get message() {
    return `the secret ${this.secret} is missing, and the gateway knows this agent by it: put it back from the backup. If it is lost for ever: \`homing agent keys --new\`, and enrol the agent again`
  }
}

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

/** Fails when one is missing, instead of making it. */
export const refuseLost = Effect.fnUntraced(function* (generations: number) {
  const { find } = yield* SecretVault
  for (const generation of Array.range(1, generations)) {
    for (const secret of [secretOf("signing", generation), secretOf("agreement", generation)]) {
      if ((yield* find(secret)) === undefined) return yield* new OwnKeyMissing({ secret })
    }
  }
})
