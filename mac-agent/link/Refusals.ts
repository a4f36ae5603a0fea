import { Array, Clock, Context, Effect, Layer, Schedule } from "effect"
import { hex } from "#domain/Bytes.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type Refusal, RefusalLog } from "#domain/ports/RefusalLog.ts"
import type { WordRefusal } from "#domain/ports/WhatsApp.ts"
import { tally } from "#domain/wire/Tally.ts"
import { Trust } from "./Trust.ts"

/** So many of each reason are kept of each second; of the others only the number. */
const keptAtOnce = 16

/** Commands that were not obeyed: counted, told, and kept with what names them. Words of WhatsApp's: counted and told. */
export class Refusals extends Context.Service<
  Refusals,
  {
    readonly refuse: (reason: string, envelope: Uint8Array) => Effect.Effect<void>
    /** The ledger has this command already: a redelivery, a re-issue or a replay. Counted, and no more. */
    readonly repeated: () => void
    /** A word on a message of ours, or a wish for it, comes from somebody whose word does not count. */
    readonly disbelieve: (reason: WordRefusal) => Effect.Effect<void>
    /** How many of both were refused since the agent began. */
    readonly total: () => number
  }
>()("homing/mac-agent/link/Refusals") {}

export const layer = Layer.effect(
  Refusals,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const kept = yield* RefusalLog
    const { agent } = yield* Trust
    const { count, note, total } = tally({
      metric: "homing_commands_refused_total",
      description: "Commands that the agent did not obey, by reason.",
      logged: "a command was refused"
    })
    const words = tally({
      metric: "homing_whatsapp_words_refused_total",
      description: "Receipts, acknowledgements and wishes of WhatsApp's that were not believed, by reason.",
      logged: "a word from WhatsApp was refused"
    })
    const waiting = new Map<string, globalThis.Array<Refusal>>()

    const keep = Effect.suspend(() => {
      const refusals = [...waiting.values()].flat()
      waiting.clear()
      return Array.isReadonlyArrayNonEmpty(refusals) ? kept.add(refusals) : Effect.void
    })
    yield* keep.pipe(
      Effect.catch((error) => Effect.logWarning("refusals could not be kept", error)),
      Effect.repeat(Schedule.spaced("1 second")),
      Effect.forkScoped
    )
    yield* Effect.addFinalizer(() => Effect.ignore(keep))

    return {
      total: () => total() + words.total(),
      disbelieve: (reason) => Effect.flatMap(Clock.currentTimeMillis, (millis) => words.count(reason, agent, millis)),
      repeated: () => note("repeated"),
      refuse: Effect.fnUntraced(function* (reason, envelope) {
        const millis = yield* Clock.currentTimeMillis
        const alike = waiting.get(reason) ?? []
        if (alike.length < keptAtOnce) {
          alike.push({ at: fromMillis(millis), reason, digest: hex(crypto.sha256(envelope)) })
          waiting.set(reason, alike)
        }
        yield* count(reason, agent, millis)
      })
    }
  })
)
