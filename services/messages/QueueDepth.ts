import { Context, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { toMillis } from "#domain/Instant.ts"
import { Message } from "#domain/message/Message.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { observe } from "../telemetry/Metrics.ts"
import { Registrations } from "../views/Registrations.ts"
import * as MessagesRows from "./MessagesRows.ts"
import * as OpenMessages from "./OpenMessages.ts"

const pageSize = 500

/** The rows are made of others' as well. */
const isOfMessage = ({ type }: RecordedEvent) => Message.read.types.has(type)

/** How many messages wait to be settled, in all and by device. */
export class QueueDepth extends Context.Service<
  QueueDepth,
  {
    readonly total: () => number
    readonly of: (device: string) => number
    /** Whether no agent has said yet what became of it. */
    readonly isUnanswered: (message: string) => boolean
    /** Where the oldest of them stands. */
    readonly oldest: () => OpenMessages.Place | undefined
    /** How often a report about any message denied another. */
    readonly contradictions: () => number
  }
>()("homing/services/messages/QueueDepth") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { register } = yield* Registrations
      const wall = yield* Clocks.wall
      const waiting = new Map<string, number>()
      let total = 0
      let contradicted = 0

      const { add, follow, isUnanswered, oldest, waitsSince } = OpenMessages.make((device, change) => {
        total += change
        const now = (waiting.get(device) ?? 0) + change
        if (now === 0) waiting.delete(device)
        else waiting.set(device, now)
      })

      register({
        rows: MessagesRows.view,
        memory: {
          hydrate: Effect.fnUntraced(function* (sql) {
            for (let after: bigint | undefined = -1n; after !== undefined; ) {
              const page: ReadonlyArray<MessagesRows.Standing> = yield* MessagesRows.unanswered(sql, after, pageSize)
              for (const message of page) add(message.id, message, message.position)
              after = page.length < pageSize ? undefined : page.at(-1)!.position
            }
          }),
          follow: (events) => events.filter(isOfMessage).forEach(follow),
          recount: (sql) =>
            Effect.map(MessagesRows.contradicted(sql), (sum) => {
              contradicted = sum
            })
        }
      })

      observe("homing_messages_open", "Messages that wait to be settled.", () => total)
      observe("homing_message_oldest_seconds", "How long the oldest message has waited to be settled.", () => {
        const since = waitsSince()
        return since === undefined ? 0 : Math.max(0, wall() - toMillis(since)) / 1_000
      })
      observe("homing_message_contradictions", "Reports that deny another.", () => contradicted)

      return {
        total: () => total,
        of: (device) => waiting.get(device) ?? 0,
        isUnanswered,
        oldest,
        contradictions: () => contradicted
      }
    })
  )
}
