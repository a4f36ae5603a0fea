import { Effect, Schema } from "effect"
import { beside } from "../Beside.ts"
import { base64url, fromBase64url, fromUtf8, lengthPrefixed, utf8 } from "../Bytes.ts"
import type { EventId, SubjectId, TenantId } from "../Ids.ts"
import { inOrder } from "../OrderedJson.ts"
import { type Box, type CipherKey, Crypto } from "../ports/Crypto.ts"
import { type SubjectKey, SubjectKeys, type SubjectKeysUnavailable } from "../ports/SubjectKeys.ts"
import { Sealed } from "../Sealed.ts"

/** Where a box stands: it opens nowhere else. */
export interface Place {
  readonly tenant: TenantId
  readonly event: EventId
  readonly field: string
}

const isSame = (a: Place, b: Place) => a.tenant === b.tenant && a.event === b.event && a.field === b.field
const associated = ({ tenant, event, field }: Place) => lengthPrefixed("1", tenant, event, field)

/**
 * What was sealed and cannot be read: its key was destroyed (`erased`), its key is missing and nobody destroyed it
 * (`key_lost`), or it, or the name of its key, is not what was written there (`damaged`).
 */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {
  reason: Schema.Literals(["erased", "key_lost", "damaged"])
}) {}

/** As it is going to be stored: whoever stores it keeps the very box. */
const layOut = inOrder(Sealed)

/** What this process sealed itself, for as long as the box is in memory: its command is about to be made from it. */
const sealedHere = beside<Sealed, { readonly plaintext: string; readonly place: Place }>()

export const seal = (
  crypto: Crypto["Service"],
  subject: SubjectId,
  { key, version }: SubjectKey,
  place: Place,
  plaintext: string
): Sealed => {
  const { iv, box } = crypto.encrypt(key, utf8(plaintext), associated(place))
  const sealed = layOut<Sealed>({ subject, key: version, iv: base64url(iv), box: base64url(box) })
  sealedHere.set(sealed, { plaintext, place })
  return sealed
}

type Opened = Effect.Effect<string, Unreadable | SubjectKeysUnavailable>

/**
 * What stands in the box, if it stands at its place and its key is still there. `owner`: whose it has to be, as something
 * else than the box says it. A key that is missing is not lost when another one of that subject opens the box: then
 * somebody has changed the name of the key.
 */
export const openWith = (
  crypto: Crypto["Service"],
  keys: SubjectKeys["Service"],
  sealed: Sealed,
  place: Place,
  owner: SubjectId | undefined
): Opened => {
  const opensBy = (key: CipherKey) => {
    const box = boxOf(sealed)
    return box && crypto.decrypt(key, box, associated(place))
  }
  const misnamed = Effect.map(
    Effect.forEach(new Set([sealed.subject, owner ?? sealed.subject]), (subject) => keys.all(place.tenant, subject)),
    (found) => found.flat().some(({ key }) => opensBy(key) !== undefined)
  )
  return Effect.flatMap(keys.find(place.tenant, sealed.subject, sealed.key), (key): Opened => {
    if (key === "destroyed") return Effect.fail(new Unreadable({ reason: "erased" }))
    if (key === "missing") {
      return Effect.flatMap(misnamed, (yes) => Effect.fail(new Unreadable({ reason: yes ? "damaged" : "key_lost" })))
    }
    const own = sealedHere.get(sealed)
    if (own !== undefined && isSame(own.place, place)) return Effect.succeed(own.plaintext)
    const plaintext = opensBy(key)
    return plaintext === undefined
      ? Effect.fail(new Unreadable({ reason: "damaged" }))
      : Effect.succeed(fromUtf8(plaintext))
  })
}

const boxOf = ({ box, iv }: Sealed): Box | undefined => {
  try {
    return { iv: fromBase64url(iv), box: fromBase64url(box) }
  } catch {
    return undefined
  }
}

/** The same with the services of the fiber. */
export const open = (sealed: Sealed, place: Place, owner?: SubjectId) =>
  Effect.flatMap(Crypto, (crypto) =>
    Effect.flatMap(SubjectKeys, (keys) => openWith(crypto, keys, sealed, place, owner))
  )
