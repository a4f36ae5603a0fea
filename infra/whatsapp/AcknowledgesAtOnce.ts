import { Clock, Effect, Layer, Queue, Stream } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { Content } from "#domain/message/content/Content.ts"
import { PhoneNumber, type Recipient } from "#domain/message/Recipient.ts"
import {
  type SendOutcome,
  type SentMessage,
  type SessionEvent,
  WhatsApp,
  type WhatsAppUnavailable
} from "#domain/ports/WhatsApp.ts"

type Sent = Parameters<WhatsApp["Service"]["send"]>[1] & { readonly device: DeviceId }
type Read = Parameters<WhatsApp["Service"]["markRead"]>[1] & { readonly device: DeviceId }

/** A session event; a receipt need not say what follows from its being taken. */
type Told =
  | Exclude<SessionEvent, { readonly _tag: "Receipt" }>
  | (Omit<Extract<SessionEvent, { readonly _tag: "Receipt" }>, "taken"> & { readonly taken?: Effect.Effect<void> })

/** What is read off a message without effort, in a test. */
export const encode = (content: Content): Uint8Array => utf8("text" in content ? content.text : JSON.stringify(content))

/** Of every account, if nothing else is said. */
export const ownNumber = PhoneNumber.make("+15550001")

/** A WhatsApp that answers at once: every device is connected as soon as it is open, every message acknowledged. */
export const make = (
  options: {
    /** Of the account that a device is linked to. */
    readonly number?: (device: DeviceId) => PhoneNumber
    /** What becomes of a try, instead of an acknowledgement. */
    readonly outcome?: (message: Sent) => Effect.Effect<SendOutcome>
    /** What comes before a device is open; when it fails, opening does. */
    readonly opening?: (device: DeviceId, linked: boolean) => Effect.Effect<void, WhatsAppUnavailable>
    /** Whether it hears what was read. */
    readonly hearsReading?: () => boolean
    /** It hears of no logging out. */
    readonly outOfReach?: boolean
    /** How many of the last messages `sent` keeps; none by default, so that a benchmark's memory stays flat. */
    readonly keep?: number
  } = {}
) => {
  const keep = options.keep ?? 0
  const sent: Array<Sent> = []
  const reads: Array<Read> = []
  const typed: Array<Recipient> = []
  let queue: Queue.Queue<SessionEvent> | undefined
  let open = new Set<DeviceId>()
  const tell = (event: Told) =>
    Effect.suspend(() => {
      if (queue === undefined) return Effect.succeed(false)
      if (event._tag === "Disconnected" && event.final) open.delete(event.device)
      return Queue.offer(queue, event._tag === "Receipt" ? { taken: Effect.void, ...event } : event)
    })
  type Finding = (waMessageId: string) => Effect.Effect<SentMessage | undefined>
  const findings = new Map<DeviceId, Finding>()
  /** What a device's session may know of a message, as it would ask for a word on it. */
  const ask = (device: DeviceId, waMessageId: string) =>
    findings.get(device)?.(waMessageId) ?? Effect.succeed<SentMessage | undefined>(undefined)
  const acked = Effect.map(Clock.currentTimeMillis, (now): SendOutcome => ({ _tag: "Acked", at: fromMillis(now) }))

  const layer = Layer.effect(
    WhatsApp,
    Effect.gen(function* () {
      const events = yield* Queue.unbounded<SessionEvent>()
      queue = events
      open = new Set()

      return WhatsApp.of({
        encode: (_device, { content }) => Effect.succeed(encode(content)),
        open: (device, { linked = false, pairing, sent: find }) =>
          Effect.gen(function* () {
            if (options.opening && !open.has(device)) yield* options.opening(device, linked)
            if (open.has(device)) return // the other one that was being opened meanwhile
            open.add(device)
            findings.set(device, find)
            if (pairing) yield* Queue.offer(events, { _tag: "Paired", device })
            yield* Queue.offer(events, { _tag: "Connected", device, number: options.number?.(device) ?? ownNumber })
          }),
        logOut: (device) =>
          Effect.suspend(() =>
            !options.outOfReach && open.delete(device)
              ? Effect.asVoid(Queue.offer(events, { _tag: "Disconnected", device, reason: "logged_out", final: true }))
              : Effect.void
          ),
        send: (device, message) =>
          Effect.suspend(() => {
            if (!open.has(device)) {
              return Effect.succeed<SendOutcome>({ _tag: "NotSent", reason: "not_connected", final: false })
            }
            const kept = { ...message, device }
            if (keep > 0) sent.push(kept)
            if (sent.length > keep) sent.shift()
            return options.outcome?.(kept) ?? acked
          }),
        markRead: (device, message) =>
          Effect.sync(() => {
            if (!open.has(device) || options.hearsReading?.() === false) return false
            if (keep > 0) reads.push({ ...message, device })
            return true
          }),
        typing: (_device, to) => Effect.sync(() => void (keep > 0 && typed.push(to))),
        events: Stream.fromQueue(events)
      })
    })
  )

  /** `tell` adds to the events of the layer built last, as a receipt would. */
  return { ask, layer, reads, sent, tell, typed }
}

export const layer = make().layer
