import { Effect } from "effect"
import type { MessageId } from "#domain/Ids.ts"
import { answers } from "#domain/message/Status.ts"
import { type After, type Timer, Timers } from "#domain/Timer.ts"
import { evolve, type SealedDocument, statusOfDocument } from "./MessageDocument.ts"
import type { Until } from "./Messages.ts"
import type { Wait } from "./Waits.ts"

/** What is known of a message when the waiting begins. */
export interface Known {
  readonly id: MessageId
  readonly document: SealedDocument | undefined
  readonly revision: number
}

interface Asked {
  readonly until: Until
  readonly timeoutMs: number
}

export interface Answer {
  readonly document: SealedDocument
  readonly answered: boolean
}

/**
 * Waits until the message has come as far as was asked, has failed or expired, or the patience is over: then the answer
 * is what is known. `released`: nobody waits any more, or not for this.
 */
export const awaitAnswer = (wait: Wait, released: boolean, known: Known, asked: Asked): Effect.Effect<Answer> =>
  Effect.flatMap(Timers, ({ after }) => listening(wait, released, known, asked, after))

const listening = (
  wait: Wait,
  released: boolean,
  known: Known,
  { timeoutMs, until }: Asked,
  after: After
): Effect.Effect<Answer> =>
  Effect.callback((resume) => {
    let document = known.document
    let revision = known.revision
    let timer: Timer | undefined
    const isAnswered = () => document !== undefined && answers(statusOfDocument(document), until)
    const finish = () => {
      wait.onEvent = undefined
      wait.onRelease = undefined
      timer?.stop()
      if (document === undefined) resume(Effect.die(new Error("a message was accepted and is not in its stream")))
      else resume(Effect.succeed({ document, answered: isAnswered() }))
    }
    for (const event of wait.heard) {
      if (event.revision <= revision) continue
      document = evolve(known.id, document, event)
      revision = event.revision
    }
    if (isAnswered() || timeoutMs === 0 || released) return finish()
    wait.onEvent = (event) => {
      if (event.revision <= revision) return
      document = evolve(known.id, document, event)
      revision = event.revision
      if (isAnswered()) finish()
    }
    wait.onRelease = finish
    timer = after(timeoutMs, finish)
    return Effect.sync(() => timer?.stop())
  })
