import { Redacted } from "effect"
import { base64url, hex } from "../Bytes.ts"
import type { AgentId } from "../Ids.ts"
import type { PublicKeys } from "../identity/Trust.ts"
import type { AgreementKey, Crypto, SigningKey } from "../ports/Crypto.ts"

/** Both halves of a key of this side: one to sign with, one to agree on ciphers with. */
export interface OwnKey {
  readonly public: PublicKeys
  readonly signing: SigningKey
  readonly agreement: AgreementKey
}

type Seed = Redacted.Redacted<Uint8Array>

/** From 32 secret bytes each. */
export const ownKey = (crypto: Crypto["Service"], signingSeed: Seed, agreementSeed: Seed): OwnKey => {
  const signing = crypto.signingKey(Redacted.value(signingSeed))
  const agreement = crypto.agreementKey(Redacted.value(agreementSeed))
  return {
    public: {
      keyId: keyIdOf(crypto, signing.publicKey),
      signing: base64url(signing.publicKey),
      agreement: base64url(agreement.publicKey)
    },
    signing: signing.key,
    agreement: agreement.key
  }
}

/** A key's id: the start of its digest, so that no two keys share one and nobody has to number them. */
export const keyIdOf = (crypto: Crypto["Service"], signing: Uint8Array) => hex(crypto.sha256(signing).subarray(0, 8))

/** The info string that binds an agreed key to one lane of one agent. Both sides derive it. */
export const agreementInfo = (kind: "commands" | "reports", agent: AgentId) => `homing/wire/1 ${kind} ${agent}`
