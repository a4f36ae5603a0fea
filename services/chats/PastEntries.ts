import { Effect, Schema } from "effect"
import { MessageId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as Facts from "../inbound/FactDocument.ts"
import type { Listed } from "../messages/ListedRows.ts"
import * as Messages from "../messages/MessageDocument.ts"

type Fact = { readonly position: bigint; readonly fact: Facts.SealedFact | undefined }

const isMessageId = Schema.is(MessageId)
const atOnce = { concurrency: 16 }

/** Messages and facts as they were by a place in the log, of which rows know how they are: by their own streams. */
export const make = Effect.map(EventStore, (store) => {
  const message = Effect.fnUntraced(function* (listed: Listed, upTo: bigint) {
    const { id } = listed
    if (!isMessageId(id)) return listed
    const events = (yield* store.read(Message.streamOf(id))).filter(({ position }) => position <= upTo)
    const document = events.reduce<Messages.SealedDocument | undefined>(
      (before, event) => Messages.evolve(id, before, event),
      undefined
    )
    return { ...listed, document }
  })

  const fact = Effect.fnUntraced(function* <F extends Fact>(found: F, upTo: bigint) {
    const { fact: now } = found
    if (now === undefined || (now.said.event === now.event && now.reading === undefined)) return found
    const events = (yield* store.read(Inbound.streamOf(now.id))).filter(({ position }) => position <= upTo)
    const then = events.reduce<Facts.SealedFact | undefined>(
      (before, event) => Facts.evolve(now.id, before, event),
      undefined
    )
    return { ...found, fact: then }
  })

  return {
    messages: (all: ReadonlyArray<Listed>, upTo: bigint | undefined) =>
      upTo === undefined ? Effect.succeed(all) : Effect.forEach(all, (one) => message(one, upTo), atOnce),
    facts: <F extends Fact>(all: ReadonlyArray<F>, upTo: bigint | undefined) =>
      upTo === undefined ? Effect.succeed(all) : Effect.forEach(all, (one) => fact(one, upTo), atOnce)
  }
})
