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
import { hear } from "./Others.ts"

type Request = Extract<AgentCommand, { kind: "witness" }>
type Reason = Extract<AgentReport, { kind: "head_refused" }>["reason"]

/** Gateways that share a log may ask at once, and the bus may repeat: an older head is no rollback within this time. */
const overtakenMillis = 10_000
/** So long another witness may be away while this one goes on. */
const silenceMillis = 24 * 3_600_000

const isInstant = Schema.is(Instant)
/** Size and root, as logs and operators say it. */
export const named = ({ root, size }: SignedHead["head"]) => `${size} ${root.toBase64()}`

/** The note with the log's signatures alone: those of other witnesses are not judged here. */
export const ownNote = ({ head, note }: SignedHead) =>
  noteText({ ...note, signatures: note.signatures.filter(({ name }) => name === head.origin) })

/**
 * A witness of the log: cosigns only what continues what it cosigned before, and what the other witnesses did, and remembers
 * that before its word leaves. The first head that it is shown, it believes.
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
    const strangersTold = new Set<string>()

    const alarm = (reason: string, believed: string, offered: string) => {
      const told = `${reason} ${believed} ${offered}`
      if (told === toldLast) return Effect.void
      toldLast = told
      const words =
        reason === "alone"
          ? "another witness has not cosigned this history for a day: it is away, or is shown another; nothing more is cosigned"
          : "the gateway shows another history than was cosigned: nothing of it is cosigned"
      return Effect.logError(words, { contradiction: reason, cosigned: believed, offered })
    }
    const remark = (strangers: ReadonlyArray<string>) =>
      Effect.forEach(
        strangers.filter((name) => !strangersTold.has(name)),
        (name) => {
          strangersTold.add(name)
          return Effect.logWarning("another witness comes under another key than before, and is not believed", {
            witness: name
          })
        },
        { discard: true }
      )

    /** Reports both heads. One that is not merely overtaken is an alarm, and kept as a refusal. */
    const refuse = Effect.fnUntraced(function* (
      header: Header,
      reason: Reason,
      believed: { readonly note: string; readonly head: SignedHead["head"] },
      offered: { readonly note: string; readonly head: SignedHead["head"] }
    ) {
      reporter.tellWitnessed(header, { kind: "head_refused", reason, offered: offered.note, believed: believed.note })
      if (reason === "behind" || reason === "older") return
      yield* alarm(reason, named(believed.head), named(offered.head))
      return yield* new Refused({ reason: `head_${reason}` })
    })

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
      const shown = { note: request.note, head: offered.head }
      if (judged !== "first" && judged !== "same" && judged !== "grown") {
        const sinceMillis = toMillis(askedAt) - toMillis(before!.askedAt)
        const reason = reasonOf(judged, request, head!.size, sinceMillis)
        return yield* refuse(header, reason, { note: before!.note, head: head! }, shown)
      }
      const nowMillis = yield* Clock.currentTimeMillis
      const watching = { origin, name: witnessing.signer.name, logKeys: witnessing.logKeys() }
      const known = before?.others ?? []
      const { dissent, others, strangers } = yield* hear(crypto, watching, known, offered.head, request.others ?? [], {
        nowMillis,
        silenceMillis
      })
      yield* remark(strangers)
      if (dissent !== undefined) {
        const theirs = headIn(noteIn(dissent.note)!.text)!
        return yield* refuse(header, dissent.reason, { note: dissent.note, head: theirs }, shown)
      }
      const isNew = judged !== "same" || others.some((one, i) => one !== known[i])
      if (isNew) yield* memory.write(origin, { note: ownNote(offered), askedAt, others })
      const line = signatureLine(
        yield* cosign(crypto, witnessing.signer, offered.note.text, Math.floor(nowMillis / 1_000))
      )
      reporter.tellWitnessed(header, { kind: "cosigned", size: offered.head.size, line })
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
