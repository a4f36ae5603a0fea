import { Effect } from "effect"
import { type NoteKey, signatureTypes, verifierKey } from "#domain/audit/Note.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type Beside, WitnessMemory } from "#domain/ports/WitnessMemory.ts"
import { Trust } from "../link/Trust.ts"

/** What a witness remembers, for who looks after its machine. Keys are C2SP verifier keys, as the verifier takes them. */

const keyOf = ({ name, publicKey }: Beside): NoteKey => ({
  name,
  type: signatureTypes.cosignature,
  publicKey: fromBase64url(publicKey)
})

/** `note`: the newest head that it cosigned, if there is one. */
export const standing = Effect.gen(function* () {
  const crypto = yield* Crypto
  const { origin, signer } = (yield* Trust).witnessing
  const cosigned = yield* (yield* WitnessMemory).read(origin)
  return {
    key: verifierKey(crypto, signer),
    note: cosigned?.note ?? null,
    others: (cosigned?.others ?? []).map((one) => ({
      name: one.name,
      key: verifierKey(crypto, keyOf(one)),
      cosignedAt: one.cosignedAt
    }))
  }
})

/** Another witness that is there no more, or has new keys, is heard of anew. Answers whether it was known. */
export const forget = Effect.fnUntraced(function* (name: string) {
  const { origin } = (yield* Trust).witnessing
  const memory = yield* WitnessMemory
  const cosigned = yield* memory.read(origin)
  const others = cosigned?.others.filter((one) => one.name !== name) ?? []
  if (cosigned === undefined || others.length === cosigned.others.length) return false
  yield* memory.write(origin, { ...cosigned, others })
  return true
})
