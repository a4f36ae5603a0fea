import canonicalize from "canonicalize"
import { Effect, Layer, Schema } from "effect"
import { afterwards } from "#domain/Afterwards.ts"
import * as AtOnce from "#domain/AtOnce.ts"
import { contentDigestOf, messageIdOf, newWaMessageId } from "#domain/Identifiers.ts"
import { type DeviceId, MessageId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import type { Quote } from "#domain/inbound/Quote.ts"
import { Content } from "#domain/message/content/Content.ts"
import { Message, type Queued } from "#domain/message/Message.ts"
import type { Recipient } from "#domain/message/Recipient.ts"
import { inOrder, orderedJson } from "#domain/OrderedJson.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Traces } from "#domain/ports/Tracing.ts"
import type { NewEvent, RecordedEvent } from "#domain/Recorded.ts"
import { clientOf, Roster } from "../access/Roster.ts"
import { mayUse } from "../api/Principal.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Caller } from "../runtime/Caller.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { ended } from "../runtime/Traced.ts"
import { Readiness } from "../views/Readiness.ts"
import { Views, ViewsUnavailable } from "../views/Views.ts"
import { type Arrival, Arrivals } from "./Arrivals.ts"
import { awaitAnswer, type Known } from "./Confirmation.ts"
import * as ListedRows from "./ListedRows.ts"
import { MessageActors } from "./MessageActors.ts"
import { evolve, present, reveal, type SealedDocument } from "./MessageDocument.ts"
import {
  Behind,
  DeviceUnknown,
  DeviceUnpaired,
  Messages,
  OtherContent,
  QueueFull,
  type Refusal,
  type SendRequest,
  WaitsFull,
  type Whose
} from "./Messages.ts"
import { QueueDepth } from "./QueueDepth.ts"
import * as Quotes from "./Quotes.ts"
import { type Wait, Waits } from "./Waits.ts"

export interface QueueLimits {
  readonly perDevice: number
  readonly total: number
  /** How many requests may wait for a confirmation. */
  readonly waits: number
}

const inCanonicalOrder = inOrder(Content)

const begun = (id: MessageId, queued: NewEvent): Known => ({ id, revision: 0, document: evolve(id, undefined, queued) })

export const layer = (limits: QueueLimits) =>
  Layer.effect(
    Messages,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const personal = yield* Personal
      const registry = yield* DeviceRegistry
      const roster = yield* Roster
      const depth = yield* QueueDepth
      const store = yield* EventStore
      const traces = yield* Traces
      const rows = yield* ListedRows.make
      const waits = yield* Waits
      const { pepper, tenant } = yield* Provenance
      const actors = yield* MessageActors

      const views = yield* Views
      const { lag } = yield* Readiness
      const arrivals = new Arrivals()
      const quoted = yield* Quotes.make

      /** Why nothing new can be accepted for this device, if so. A repeat of what was accepted is always answered. */
      const obstacle = ({ device }: SendRequest, noRoomToWait: boolean) => {
        const record = registry.get(device)
        const isLinked = record?.paired === true && record.removal === undefined
        const behind = isLinked ? undefined : lag()
        if (behind !== undefined) return new Behind({ lag: behind })
        if (record === undefined) return new DeviceUnknown()
        if (!isLinked) return new DeviceUnpaired()
        // this request is among the arrivals
        if (
          depth.total() + arrivals.total > limits.total ||
          depth.of(device) + arrivals.of(device) > limits.perDevice
        ) {
          return new QueueFull({ retryAfterSeconds: 5 })
        }
        return noRoomToWait ? new WaitsFull({ retryAfterSeconds: 5 }) : undefined
      }

      const digestOf = ({ content, device, expiresInSeconds, replyTo, tags, to }: SendRequest) => {
        const asked = {
          content: inCanonicalOrder(content),
          device,
          expiresInSeconds,
          ...(replyTo !== undefined && { replyTo }),
          tags,
          to: { address: to.address, kind: to.kind } satisfies Recipient
        }
        return contentDigestOf(crypto, pepper, orderedJson(asked) ?? canonicalize(asked)!)
      }

      /** A device that is not known here was known when what is asked for was accepted: nothing new comes of it. */
      const transportOf = (device: DeviceId): Queued["transport"] => {
        const name = registry.get(device)?.transport ?? "whatsapp-web"
        return name === "whatsapp-web" ? { messageId: newWaMessageId(crypto), name } : { name }
      }

      const isMessageId = Schema.is(MessageId)
      const folded = (id: MessageId, events: ReadonlyArray<RecordedEvent>) =>
        events.reduce<SealedDocument | undefined>((document, event) => evolve(id, document, event), undefined)

      const load = (id: MessageId) =>
        Effect.map(store.read(Message.streamOf(id)), (events) => ({
          id,
          revision: events.length - 1,
          document: folded(id, events)
        }))

      const isTheirs = (whose: Whose, first: RecordedEvent) => {
        if (whose === "everybody") return true
        if (clientOf(roster, first.metadata.actor) !== whose.client) return false
        const queued = Message.read(first)
        return queued.type === "message.queued" && mayUse(whose, queued.data.device)
      }
      const history = (whose: Whose, id: MessageId) =>
        Effect.map(store.read(Message.streamOf(id)), (events) =>
          events[0] === undefined || isTheirs(whose, events[0]) ? events : []
        )

      const idOf = ({ client }: Caller, { idempotencyKey }: SendRequest) =>
        messageIdOf(crypto, pepper, tenant, client, idempotencyKey)

      const isAccepted = (caller: Caller, request: SendRequest) =>
        Effect.map(store.read(Message.streamOf(idOf(caller, request))), ([first]) => first !== undefined)

      /** The request under the name it is known by, if an earlier release accepted it under another. */
      const asNamed = Effect.fnUntraced(function* (caller: Caller, { formerKey, ...request }: SendRequest) {
        if (formerKey === undefined) return request
        const before = { ...request, idempotencyKey: formerKey }
        return (yield* isAccepted(caller, before)) ? before : request
      })

      const accept = AtOnce.fn(function* (
        id: MessageId,
        caller: Caller,
        request: SendRequest,
        arrival: Arrival,
        wait: Wait,
        noRoomToWait: boolean
      ) {
        const stream = Message.streamOf(id)
        const contentDigest = digestOf(request)
        const asked = performance.now() // the accepting is part of what the caller waits for
        arrivals.shown(yield* views.position)
        let refused: Refusal | undefined = obstacle(request, noRoomToWait)
        let quote: Quote | undefined
        if (refused === undefined && request.replyTo !== undefined) {
          const found = yield* quoted(caller, request.replyTo, request)
          if ("_tag" in found) refused = found
          else quote = found
        }
        if (refused !== undefined) {
          arrival.end()
          const [first] = yield* store.read(stream)
          if (first === undefined) return yield* refused
        }
        const seal = yield* personal.sealFor(request.to.kind, request.to.address)

        const span = traces?.begin("accept", request.trace)
        const decided = actors.execute(
          stream,
          ({ at, eventId }) => {
            const event = eventId(0)
            const address = seal(event, "recipient", JSON.stringify(request.to))
            return {
              _tag: "Queue",
              queued: {
                content: { body: seal(event, "content", JSON.stringify(request.content)), kind: request.content.type },
                contentDigest,
                device: request.device,
                expiresAt: fromMillis(toMillis(at) + request.expiresInSeconds * 1_000),
                recipient: { address, kind: request.to.kind },
                recipients: [address.subject],
                // a repeat is known by its digest: nothing of it is recorded, and its quote is not looked for
                ...(request.replyTo !== undefined &&
                  quote !== undefined && {
                    replyTo: { id: request.replyTo, quote: seal(event, "quote", JSON.stringify(quote)) }
                  }),
                tags: request.tags,
                transport: transportOf(request.device)
              }
            }
          },
          {
            actor: { kind: "api_key", id: caller.key },
            correlationId: id,
            causationId: id,
            trace: span?.traceparent
          },
          { expectNew: refused === undefined }
        )
        const {
          events: [queued]
        } = yield* Effect.map(ended(decided, span, { "homing.message.id": id }), (outcome) => {
          if (outcome.position === undefined) arrival.end()
          else arrival.recorded(outcome.position)
          return outcome
        }).pipe(
          Effect.uninterruptible, // a caller that leaves takes back nothing
          Effect.catchTag("MessageRejected", () => new OtherContent({ message: id }))
        )
        const known = queued === undefined ? yield* load(id) : begun(id, queued)
        const { until } = request.confirm
        const timeoutMs = Math.max(0, asked + request.confirm.timeoutMs - performance.now())
        const { answered, document } = yield* awaitAnswer(wait, noRoomToWait || waits.released(), known, {
          until,
          timeoutMs
        })
        return { document: present(document, request), answered, repeated: queued === undefined }
      })

      const send = (caller: Caller, request: SendRequest) =>
        Effect.suspend(() => {
          const noRoomToWait = request.confirm.timeoutMs > 0 && waits.size() >= limits.waits
          const id = idOf(caller, request)
          const arrival = arrivals.begin(request.device)
          const wait = waits.open(Message.streamOf(id))
          return afterwards(accept(id, caller, request, arrival, wait, noRoomToWait), () => {
            arrival.end()
            wait.close()
          })
        })

      const messages: Messages["Service"] = {
        send: (caller, request) =>
          request.formerKey === undefined
            ? send(caller, request)
            : Effect.flatMap(asNamed(caller, request), (named) => send(caller, named)),

        repeat: Effect.fnUntraced(function* (caller, request) {
          const named = yield* asNamed(caller, request)
          return (yield* isAccepted(caller, named)) ? yield* send(caller, named) : undefined
        }),

        find: Effect.fn("Messages.find")(function* (whose, id, upTo) {
          const all = yield* history(whose, id)
          const document = folded(id, upTo === undefined ? all : all.filter(({ position }) => position <= upTo))
          return document && present(document, yield* reveal(personal, document))
        }),

        history,

        list: Effect.fn("Messages.list")(function* ({ whose, ...filter }) {
          const { client, devices = "all" } = whose === "everybody" ? {} : whose
          const found = yield* rows
            .list({ ...filter, client, devices: devices === "all" ? undefined : devices, limit: filter.limit + 1 })
            .pipe(Effect.mapError((cause) => new ViewsUnavailable({ cause })))
          const page = found.slice(0, filter.limit)
          const items = yield* Effect.forEach(
            page,
            Effect.fnUntraced(function* ({ document: row, id }) {
              const document = row ?? (isMessageId(id) ? folded(id, yield* history(whose, id)) : undefined)
              return document === undefined ? [] : [present(document, yield* reveal(personal, document))]
            })
          )
          return { items: items.flat(), next: found.length > filter.limit ? page.at(-1)?.position : undefined }
        }),

        releaseWaits: waits.releaseAll
      }
      return messages
    })
  )
