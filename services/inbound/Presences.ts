import { Clock, Context, Effect, Layer, PubSub, Stream } from "effect"
import { uuidV7 } from "#domain/Identifiers.ts"
import type { DeviceId, SubjectId } from "#domain/Ids.ts"
import { type Instant, toMillis } from "#domain/Instant.ts"
import { chatOf } from "#domain/inbound/Gist.ts"
import type { Chat } from "#domain/inbound/Heard.ts"
import type { Presence } from "#domain/inbound/Presence.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Personal } from "../privacy/Personal.ts"
import { namesOf } from "./Names.ts"

/** What is older is no presence any more. */
const freshMillis = 60_000
/** Whoever does not keep up misses some: there are newer ones. */
const mostWaiting = 256

export interface ShownPresence {
  readonly device: DeviceId
  /** Keyed digests, as a fact has them. */
  readonly chat: ReadonlyArray<SubjectId>
  /** A CloudEvent; it stands in no log, and so has no `cursor`. */
  readonly event: string
}

/** How people are seen, for whoever looks while it is so. In this process's memory alone, and never an event of the log. */
export class Presences extends Context.Service<
  Presences,
  {
    readonly show: (device: DeviceId, at: Instant, presence: Presence) => Effect.Effect<void>
    readonly shown: Stream.Stream<ShownPresence>
  }
>()("homing/services/inbound/Presences") {}

export const presenceType = "homing.presence.v1"

export const layer = Layer.effect(
  Presences,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const { subjectOf } = yield* Personal
    const shown = yield* PubSub.sliding<ShownPresence>(mostWaiting)
    const named = (chat: Chat) => {
      const { kind, ...names } = chatOf(chat)
      return { kind, names: namesOf(chat).map(([kind, identity]) => subjectOf(kind, identity)), ...names }
    }
    return {
      shown: Stream.fromPubSub(shown),
      show: Effect.fnUntraced(function* (device, at, { chat, sender, ...seen }) {
        const now = yield* Clock.currentTimeMillis
        if (now - toMillis(at) > freshMillis) return
        const where = named(chat)
        const { kind: _, ...who } = named(sender)
        const event = JSON.stringify({
          specversion: "1.0",
          id: uuidV7(crypto, now),
          source: `/devices/${device}`,
          type: presenceType,
          time: at,
          subject: device,
          datacontenttype: "application/json",
          data: { device, chat: where, sender: who, ...seen }
        })
        yield* PubSub.publish(shown, { device, chat: where.names, event })
      })
    }
  })
)
