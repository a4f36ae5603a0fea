import { Clock, Context, Effect, Layer, Schedule, Schema } from "effect"
import { agreementOf } from "#domain/audit/Agreement.ts"
import { cosignedBy } from "#domain/audit/Cosignature.ts"
import { originOf } from "#domain/audit/Names.ts"
import {
  type NoteKey,
  noteIn,
  noteKeyId,
  noteText,
  signatureIn,
  signatureLine,
  signatureTypes,
  signNote
} from "#domain/audit/Note.ts"
import { sameHash } from "#domain/audit/Tree.ts"
import { headIn, headText, type TreeHead } from "#domain/audit/TreeHead.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { Identity } from "../identity/Identity.ts"
import { observe } from "../telemetry/Metrics.ts"
import { readable, type ViewsUnavailable } from "../views/Views.ts"
import * as HeadRows from "./HeadRows.ts"
import * as ProofRows from "./ProofRows.ts"
import * as TreeRows from "./TreeRows.ts"

/** A tree head as it is handed out. */
export interface Signed {
  readonly head: TreeHead
  /** C2SP: the head, the log's signature, and those of the witnesses that have seen it. */
  readonly note: string
  readonly signedAt: string
}

const shown = ({ root, size }: Pick<TreeHead, "root" | "size">) => `${size} ${root.toBase64()}`

/** The log is not the one of which a head was signed: somebody rewrote it, or put an older one in its place. */
export class AuditContradicted extends Schema.TaggedError<AuditContradicted>()("AuditContradicted", {
  contradiction: Schema.Literals(["forked", "rolled_back"]),
  signed: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `the log is not the one that was signed (${this.contradiction}): the signed tree head is ${this.signed}, and the log comes to ${this.found}`
  }
}

/** Nothing can be signed now: the tree is being made, or no key of the gateway is taken. */
export class HeadUnsigned extends Schema.TaggedError<HeadUnsigned>()("HeadUnsigned", {}) {}

type Refused = AuditContradicted | HeadUnsigned | ViewsUnavailable | EventStoreUnavailable

export type AuditWarning = "audit_contradiction"

/** What somebody should look after, of the audit tree. */
export const AuditWarnings = Context.Reference<() => ReadonlyArray<AuditWarning>>("homing/services/audit/Warnings", {
  defaultValue: () => () => []
})

/** The signed heads of the audit tree: never two roots for one size, whichever gateway signs. */
export class Heads extends Context.Service<
  Heads,
  {
    /** A name of this log that is its alone. */
    readonly origin: () => string
    /** Every key that signs or has signed, the one that signs now first. */
    readonly keys: () => ReadonlyArray<NoteKey>
    /** The newest, signed now unless one was a moment ago. */
    readonly newest: Effect.Effect<Signed, Refused>
    /** The note of this size with this witness' word alone, if both are kept. */
    readonly cosignedBy: (size: number, witness: NoteKey) => Effect.Effect<string | undefined, ViewsUnavailable>
    /** Takes a cosignature of a head that was signed here, as a line of a note; answers whether it was one. */
    readonly cosigned: (size: number, witness: NoteKey, line: string) => Effect.Effect<boolean, ViewsUnavailable>
  }
>()("homing/services/audit/Heads") {}

const freshMillis = 1_000
const interval = "60 seconds"

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const identity = yield* Identity
    const stand = yield* TreeRows.standing
    const store = yield* EventStore
    const rows = yield* HeadRows.make
    const { rootAt } = yield* ProofRows.make

    const origin = () => originOf(identity.known().state.store)
    const keys = () => {
      const { active, gatewayKeys } = identity.known().state
      const first = identity.signer()?.keyId ?? active
      return [...gatewayKeys]
        .filter(([, { revoked }]) => !revoked)
        .toSorted(([one], [other]) => Number(other === first) - Number(one === first))
        .map(([, { signing }]) => ({
          name: origin(),
          type: signatureTypes.ed25519,
          publicKey: fromBase64url(signing)
        }))
    }

    const signedIn = ({ note, signed_at }: { readonly note: string; readonly signed_at: string }) => ({
      head: headIn(noteIn(note)!.text)!,
      note,
      signedAt: signed_at
    })
    const withWitnesses = (signed: Signed) =>
      Effect.map(rows.cosignatures(signed.head.size), (lines) => ({ ...signed, note: signed.note + lines.join("") }))

    /** Whether the tree still begins with what was signed; `unknown` while it is being made anew. */
    const held = Effect.fnUntraced(function* (last: Signed, size: number, position: bigint | undefined) {
      if (size < last.head.size) {
        const end = yield* store.head
        if (end !== undefined && (position === undefined || position < end)) return "unknown" as const
      }
      const begun = Math.min(size, last.head.size)
      const found: TreeHead = { origin: origin(), size: begun, root: yield* rootAt(begun) }
      const agreement = agreementOf(crypto.sha256, last.head, found, [])
      if (agreement === "same") return agreement
      return new AuditContradicted({
        contradiction: agreement === "rolled_back" ? agreement : "forked",
        signed: shown(last.head),
        found: shown(found)
      })
    })

    const sign = Effect.fnUntraced(function* (size: number, millis: number) {
      const signer = identity.signer()
      const publicKey = signer && identity.known().state.gatewayKeys.get(signer.keyId)?.signing
      if (signer === undefined || publicKey === undefined) return yield* new HeadUnsigned()
      const head = { origin: origin(), size, root: yield* rootAt(size) }
      const text = headText(head)
      const own = { name: head.origin, type: signatureTypes.ed25519, publicKey: fromBase64url(publicKey) }
      const line = yield* signNote(crypto, { ...own, key: signer.key }, text)
      const first = signedIn(yield* rows.keep(size, noteText({ text, signatures: [line] }), fromMillis(millis)))
      if (sameHash(first.head.root, head.root)) return first
      return yield* new AuditContradicted({ contradiction: "forked", signed: shown(first.head), found: shown(head) })
    })

    const newestUntold = Effect.gen(function* () {
      const millis = yield* Clock.currentTimeMillis
      const kept = yield* rows.newest
      const last = kept && signedIn(kept)
      if (last !== undefined && millis - Date.parse(last.signedAt) < freshMillis) return yield* withWitnesses(last)
      const { position, size } = yield* stand
      if (last !== undefined) {
        const standing = yield* held(last, size, position)
        if (standing instanceof AuditContradicted) return yield* standing
        if (standing === "unknown" || size === last.head.size) return yield* withWitnesses(last)
      }
      if (size === 0) return yield* new HeadUnsigned()
      return yield* withWitnesses(yield* sign(size, millis))
    }).pipe(
      Effect.catchTag("TreeIncomplete", () => Effect.fail(new HeadUnsigned())),
      readable
    )

    let contradiction: AuditContradicted | undefined
    observe("homing_audit_contradiction", "1 while the log is not the one whose tree head was signed.", () =>
      Number(contradiction !== undefined)
    )
    /** An alarm is told once, and again when all was well meanwhile. */
    const newest = Effect.tapError(
      Effect.tap(newestUntold, () =>
        Effect.sync(() => {
          contradiction = undefined
        })
      ),
      (failure) => {
        if (failure._tag !== "AuditContradicted") return Effect.void
        const isTold = contradiction?.message === failure.message
        contradiction = failure
        if (isTold) return Effect.void
        return Effect.logError("the log is not the one whose tree head was signed: nothing more is signed", {
          contradiction: failure.contradiction,
          signed: failure.signed,
          found: failure.found
        })
      }
    )
    const look = Effect.ignore(newest)
    yield* Effect.forkScoped(Effect.repeat(Effect.delay(look, "5 seconds"), Schedule.spaced(interval)))

    const rowName = (witness: NoteKey) => `${witness.name}+${noteKeyId(crypto, witness)}`
    const heads = Heads.of({
      origin,
      keys,
      newest,
      cosignedBy: Effect.fnUntraced(function* (size, witness) {
        const [head, line] = [yield* rows.of(size), yield* rows.cosignature(size, rowName(witness))]
        return head === undefined || line === undefined ? undefined : head.note + line
      }, readable),
      cosigned: Effect.fnUntraced(function* (size, witness, line) {
        const signature = signatureIn(line.trimEnd())
        const head = yield* rows.of(size)
        const note = head && noteIn(head.note)
        if (signature === undefined || note === undefined) return false
        if ((yield* cosignedBy(crypto, { ...note, signatures: [signature] }, witness)) === undefined) return false
        yield* rows.cosign(size, rowName(witness), signatureLine(signature))
        return true
      }, readable)
    })
    const warnings = (): ReadonlyArray<AuditWarning> => (contradiction === undefined ? [] : ["audit_contradiction"])
    return Context.make(Heads, heads).pipe(Context.add(AuditWarnings, warnings))
  })
)
