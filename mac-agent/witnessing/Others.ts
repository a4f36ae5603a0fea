import { Effect } from "effect"
import { agreementOf } from "#domain/audit/Agreement.ts"
import { cosignedBy } from "#domain/audit/Cosignature.ts"
import { type NoteKey, noteIn, noteText, signatureTypes } from "#domain/audit/Note.ts"
import { headIn, openHead, type TreeHead } from "#domain/audit/TreeHead.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import type { Beside } from "#domain/ports/WitnessMemory.ts"
import type { CosignedBeside } from "#domain/wire/Protocol.ts"

/**
 * What the other witnesses of the log cosigned. Each signs with a key that the gateway has not: who shows two histories to two
 * of them cannot show either what the other says of its own. It can only be silent about it, and that is seen.
 */

/** Whose log it is, and as whom it is watched here. */
interface Watching {
  readonly origin: string
  readonly name: string
  readonly logKeys: ReadonlyArray<NoteKey>
}

/** `forked`: another witness cosigned what the offered head does not continue. `alone`: one has been silent for too long. */
export interface Dissent {
  readonly reason: "forked" | "alone"
  readonly witness: string
  readonly note: string
}

export interface Heard {
  /** What is to be remembered of the others. */
  readonly others: ReadonlyArray<Beside>
  readonly dissent: Dissent | undefined
  /** Witnesses whose words are not believed, since they come under another key than before. */
  readonly strangers: ReadonlyArray<string>
}

/** What one of them cosigned, if the log and it have signed it. */
const open = Effect.fnUntraced(function* (
  crypto: Crypto["Service"],
  { logKeys, name, origin }: Watching,
  shown: CosignedBeside
) {
  const opened = yield* openHead(crypto, shown.note, origin, logKeys)
  const witness = opened?.note.signatures.find((one) => one.name !== name && one.name.startsWith(`${origin}/`))?.name
  if (opened === undefined || witness === undefined) return undefined
  const key = { name: witness, type: signatureTypes.cosignature, publicKey: fromBase64url(shown.publicKey) }
  const seconds = yield* cosignedBy(crypto, opened.note, key)
  if (seconds === undefined) return undefined
  const signatures = opened.note.signatures.filter((one) => one.name === origin || one.name === witness)
  const beside: Beside = {
    name: witness,
    publicKey: shown.publicKey,
    note: noteText({ text: opened.note.text, signatures }),
    cosignedAt: fromMillis(seconds * 1_000)
  }
  return { beside, head: opened.head, path: shown.path.map(fromBase64url) }
})

const sizeOf = ({ note }: Beside) => headIn(noteIn(note)?.text ?? "")?.size ?? 0

/** Of a head that continues what was cosigned here, by what the others have cosigned. `nowMillis`: by the clock of this witness. */
export const hear = Effect.fnUntraced(function* (
  crypto: Crypto["Service"],
  watching: Watching,
  known: ReadonlyArray<Beside>,
  offered: TreeHead,
  shown: ReadonlyArray<CosignedBeside>,
  { nowMillis, silenceMillis }: { readonly nowMillis: number; readonly silenceMillis: number }
) {
  const others = new Map(known.map((one) => [one.name, one]))
  const strangers: Array<string> = []
  for (const one of shown) {
    const opened = yield* open(crypto, watching, one)
    if (opened === undefined || opened.head.size > offered.size) continue // overtaken: the next head tells
    const { beside, head, path } = opened
    const before = others.get(beside.name)
    if (before !== undefined && before.publicKey !== beside.publicKey) {
      strangers.push(beside.name)
      continue
    }
    const judged = agreementOf(crypto.sha256, head, offered, path)
    if (judged !== "same" && judged !== "grown") {
      const dissent: Dissent = { reason: "forked", witness: beside.name, note: beside.note }
      return { others: known, dissent, strangers } satisfies Heard
    }
    if (before === undefined || before.cosignedAt < beside.cosignedAt) others.set(beside.name, beside)
  }
  const silent = [...others.values()].find(
    (one) => sizeOf(one) < offered.size && nowMillis - toMillis(one.cosignedAt) > silenceMillis
  )
  const dissent: Dissent | undefined = silent && { reason: "alone", witness: silent.name, note: silent.note }
  return { others: [...others.values()], dissent, strangers } satisfies Heard
})
