import { Clock, Effect, Schema } from "effect"
import { noteIn } from "#domain/audit/Note.ts"
import { headIn, openHead } from "#domain/audit/TreeHead.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { WitnessMemory, WitnessMemoryUnavailable } from "#domain/ports/WitnessMemory.ts"
import { Trust } from "../link/Trust.ts"
import { named, ownNote } from "./Witness.ts"

/** What an operator reads and says at the agent's machine, where the gateway has no word. */

export class NotAccepted extends Schema.TaggedError<NotAccepted>()("NotAccepted", { message: Schema.String }) {}

/** The head that this agent cosigned last, with the log's signature: as a note, and in words. */
export const remembered = Effect.gen(function* () {
  const { agent, witnessing } = yield* Trust
  const { origin } = witnessing
  const kept = yield* (yield* WitnessMemory).read(origin)
  if (kept === undefined) return yield* new NotAccepted({ message: `agent ${agent} has cosigned nothing of ${origin}` })
  const head = headIn(noteIn(kept.note)?.text ?? "")
  if (head !== undefined) return { note: kept.note, name: named(head), accepted: kept.accepted }
  return yield* new WitnessMemoryUnavailable({ cause: new Error("what it holds is no tree head") })
})

/**
 * Goes on from another head of the same log, which need not continue the one before. `insteadOf`: size and root of what is
 * given up, so that nobody gives up what he has not seen. Answers both.
 */
export const accept = Effect.fnUntraced(function* (text: string, insteadOf: string) {
  const { agent, witnessing } = yield* Trust
  const { logKeys, origin } = witnessing
  const offered = yield* openHead(yield* Crypto, text, origin, logKeys())
  if (offered === undefined) {
    return yield* new NotAccepted({
      message: `this is no tree head of ${origin} under a key that agent ${agent} pinned`
    })
  }
  const before = yield* remembered
  if (before.name !== insteadOf) {
    return yield* new NotAccepted({ message: `agent ${agent} cosigned ${before.name}, and not ${insteadOf}` })
  }
  const at = fromMillis(yield* Clock.currentTimeMillis)
  yield* (yield* WitnessMemory).accept(origin, { note: ownNote(offered), insteadOf: before.note, at })
  return { before: before.name, now: named(offered.head) }
})
