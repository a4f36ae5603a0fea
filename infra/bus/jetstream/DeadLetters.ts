import { Effect, Metric, Schema } from "effect"
import { patiently } from "#domain/Patience.ts"
import * as Inflow from "../../Inflow.ts"
import type { Acknowledgements } from "./Acknowledgements.ts"
import type { Connection } from "./Connection.ts"
import type { Keeper } from "./Keeper.ts"
import { deadLetters } from "./Names.ts"
import { pull } from "./Pull.ts"
import type { Tuning } from "./Tuning.ts"

/** What the server writes when a consumer gives an envelope up, as far as it matters here. */
const Advisory = Schema.Struct({
  stream: Schema.String.check(Schema.isPattern(/^(CMD|EVT)_[a-z0-9-]{1,32}$/)),
  stream_seq: Schema.Natural,
  deliveries: Schema.Natural
})
const decode = Schema.decodeUnknownExit(Schema.fromJsonString(Advisory))

export const deadLettersTotal = Metric.counter("homing_bus_dead_letters_total", {
  description: "Envelopes that were delivered as often as they may be and never acknowledged.",
  incremental: true
})

/**
 * Tells people of dead letters. The server itself keeps the record of them, in a stream of its own, also while no gateway
 * runs; the envelope stays in its lane's stream until its age ends. A command among them is issued again by the
 * reconciler, a report by its agent.
 */
export const follow = (connection: Connection, keeper: Keeper, acknowledgements: Acknowledgements, tuning: Tuning) =>
  Effect.gen(function* () {
    const notes = yield* Inflow.make<{ readonly text: string; readonly acknowledge: () => void }>()
    const deliveries = Effect.gen(function* () {
      const link = yield* connection.link
      yield* keeper.ensureDeadLetters
      return yield* pull(connection, link, deadLetters, tuning, (message) => {
        const delivery = { reply: message.reply ?? "", server: link.server }
        const acknowledge = () => acknowledgements.acknowledge(delivery)
        notes.put({ text: message.string(), acknowledge })
      })
    })
    yield* Effect.forkScoped(Effect.retry(deliveries, patiently))

    const tell = Effect.gen(function* () {
      const { acknowledge, text } = yield* notes.take
      const note = decode(text)
      if (note._tag === "Success") {
        const { deliveries, stream, stream_seq } = note.value
        yield* Metric.update(deadLettersTotal, 1)
        yield* Effect.logError("an envelope was never acknowledged; it is a dead letter", {
          stream,
          sequence: stream_seq,
          deliveries
        })
      }
      acknowledge()
    })
    yield* Effect.forkScoped(Effect.forever(tell))
  })
