import { Clock, Context, Effect, Layer, Schema, Semaphore } from "effect"
import { type Agreement, agreementOf } from "#domain/audit/Agreement.ts"
import { cosign } from "#domain/audit/Cosignature.ts"
import { noteIn, noteText, signatureLine } from "#domain/audit/Note.ts"
import { headIn, openHead, type SignedHead } from "#domain/audit/TreeHead.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import { Instant, toMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { WitnessMemory, WitnessMemoryUnavailable } from "#domain/ports/WitnessMemory.ts"
import type { Header } from "#domain/wire/Envelope.ts"
import type { AgentCommand, AgentReport } from "#domain/wire/Protocol.ts"
import { Refused } from "#domain/wire/Receiving.ts"
import { Reporter } from "../link/Reporter.ts"
import { Trust } from "../link/Trust.ts"

type Request = Extract<AgentCommand, { kind: "witness" }>
type Reason = Extract<AgentReport, { kind: "head_refused" }>["reason"]

/** Gateways that share a log may ask at once, and the bus may repeat: an older head is no rollback within this time. */
const overtakenMillis = 10_000

const isInstant = Schema.is(Instant)
/** Size and root, as logs and operators say it. */
export const named = ({ root, size }: SignedHead["head"]) => `${size} ${root.toBase64()}`

/** The note with the log's signatures alone: those of other witnesses are not judged here. */
export const ownNote = ({ head, note }: SignedHead) =>
  noteText({ ...note, signatures: note.signatures.filter(({ name }) => name === head.origin) })

/**
 * A witness of the log: cosigns only what continues what it cosigned before, and remembers that before its word leaves. The
 * first head that it is shown, it believes.
 */
export class Witness extends Context.Service<
  Witness,
  {
    /** Reports a cosignature, or that there is none and why. Two histories are refused, so that the refusal is kept here too. */
    readonly look: (header: Header, request: Request) => Effect.Effect<void, Refused>
  }
>()("homing/mac-agent/witnessing/Witness") {}

export const layer = Layer.effect(
  Witness,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const memory = yield* WitnessMemory
    const reporter = yield* Reporter
    const { witnessing } = yield* Trust
    const oneByOne = yield* Semaphore.make(1)
    let toldLast = ""

    const alarm = (reason: string, believed: string, offered: string) => {
      const told = `${reason} ${believed} ${offered}`
      if (told === toldLast) return Effect.void
      toldLast = told
      const words = "the gateway shows another history than it did before: nothing of it is cosigned"
      return Effect.logError(words, { contradiction: reason, cosigned: believed, offered })
    }

    const reasonOf = (judged: Agreement, request: Request, size: number, sinceMillis: number): Reason => {
      if (judged === "rolled_back") return sinceMillis < overtakenMillis ? "older" : "rolled_back"
      return judged === "unproven" && request.from !== size ? "behind" : "forked"
    }

    const judge = Effect.fnUntraced(function* (header: Header, request: Request) {
      const { origin } = witnessing
      const askedAt = header.issuedAt
      const offered = yield* openHead(crypto, request.note, origin, witnessing.logKeys())
      if (offered === undefined || !isInstant(askedAt)) return yield* new Refused({ reason: "unsigned_head" })
      const before = yield* memory.read(origin)
      const head = before && headIn(noteIn(before.note)?.text ?? "")
      if (before !== undefined && head === undefined) {
        return yield* new WitnessMemoryUnavailable({ cause: new Error("what it holds is no tree head") })
      }
      const judged = agreementOf(crypto.sha256, head, offered.head, request.path.map(fromBase64url))
      if (judged === "first" || judged === "same" || judged === "grown") {
        if (judged !== "same") yield* memory.write(origin, { note: ownNote(offered), askedAt })
        const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
        const line = signatureLine(yield* cosign(crypto, witnessing.signer, offered.note.text, seconds))
        return reporter.tellWitnessed(header, { kind: "cosigned", size: offered.head.size, line })
      }
      const sinceMillis = toMillis(askedAt) - toMillis(before!.askedAt)
      const reason = reasonOf(judged, request, head!.size, sinceMillis)
      reporter.tellWitnessed(header, {
        kind: "head_refused",
        reason,
        offered: request.note,
        believed: before!.note
      })
      if (reason === "behind" || reason === "older") return
      yield* alarm(reason, named(head!), named(offered.head))
      return yield* new Refused({ reason: `head_${reason}` })
    })

    return {
      look: (header, request) =>
        oneByOne
          .withPermit(judge(header, request))
          .pipe(
            Effect.catchTag("WitnessMemoryUnavailable", (error) =>
              Effect.logError("nothing is cosigned: what was cosigned before is not known", error)
            )
          )
    }
  })
)
