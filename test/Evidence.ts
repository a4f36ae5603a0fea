import { join } from "node:path"
import { Effect, Layer } from "effect"
import { fromBase64url, fromUtf8 } from "#domain/Bytes.ts"
import { LogIdentity, streamId } from "#domain/identity/LogIdentity.ts"
import { Crypto, type VerifyingKey } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { EnvelopeRefused, verifyBatch } from "#domain/wire/Envelope.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"

/**
 * As an auditor does it: with nothing but the log's own record of its agents' public keys. The claims that the signed
 * bytes make, or why they prove nothing.
 */
export const claimsOf = (folder: string, evidence: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const keys = new Map<string, VerifyingKey>()
    for (const recorded of yield* (yield* EventStore).read(streamId)) {
      const event = LogIdentity.read(recorded)
      if (event.type !== "store.agent_enrolled") continue
      keys.set(event.data.keyId, crypto.verifyingKey(fromBase64url(event.data.signing)))
    }
    const answers = yield* verifyBatch(crypto, (id) => keys.get(id), evidence.map(fromBase64url))
    return answers.map((answer) =>
      answer instanceof EnvelopeRefused ? answer.reason : JSON.parse(fromUtf8(answer.payload)).claim
    )
  }).pipe(Effect.provide(Layer.merge(Sqlite.layer(join(folder, "log.db")), NodeCrypto.layer)), Effect.scoped)
