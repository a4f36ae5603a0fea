import { setImmediate } from "node:timers/promises"
import type { proto, WASocket } from "@whiskeysockets/baileys"
import { beside } from "#domain/Beside.ts"
import type { WaMessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { lru } from "#domain/Lru.ts"
import type { Recipient } from "#domain/message/Recipient.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { after } from "#domain/Timer.ts"
import { decode } from "./Content.ts"
import type { DeviceLists } from "./DeviceLists.ts"
import * as BaileysLookup from "./Lookup.ts"
import type { Pace } from "./Pace.ts"

export interface Outgoing {
  readonly waMessageId: WaMessageId
  readonly to: Recipient
  readonly bytes: Uint8Array
}

export interface Sender {
  /** One try. Never rejects; ends after at most both options. */
  readonly send: (message: Outgoing) => Promise<SendOutcome>
  /** The server's word on this id. False when no try waits for it. */
  readonly settle: (waMessageId: string, error?: string) => boolean
  /** Where this id went to, if it was lately and over this socket. */
  readonly addressOf: (waMessageId: string) => string | undefined
  /** A receipt says that this id has arrived: a try that has not written yet will not, and waits for its `settle`. */
  readonly arrived: (waMessageId: string) => void
  /** The socket is gone: each try ends with what is known of it. */
  readonly lost: () => void
}

/**
 * A try in Baileys' hands. Once `started`, the frame may be on the wire and only the server's word is certain. Once
 * `arrived`, this try or an earlier one was received.
 */
type Attempt = {
  started: boolean
  arrived: boolean
  over: boolean
  readonly end: (outcome: SendOutcome) => void
}

const attempts = beside<proto.IMessage, Attempt>()

/**
 * Baileys calls this when a send's turn has come, after queueing for the lock that all sends of a socket share and
 * before anything is written. A try that ended while it queued is stopped here, which keeps its "not sent" true.
 */
export const beforeWrite = async (message: proto.IMessage): Promise<proto.IMessage> => {
  const attempt = attempts.get(message)
  if (attempt === undefined || attempt.started) return message
  await pause()
  if (attempt.over || attempt.arrived) throw new Error("the try ended before its turn came")
  attempt.started = true
  return message
}

const mostWithoutPause = 5 // milliseconds
let paused = 0

/** Queued sends follow one another without a pause; the server's answers must get their turn. */
const pause = async (): Promise<void> => {
  if (performance.now() - paused < mostWithoutPause) return
  await setImmediate()
  paused = performance.now()
}

const notConnected: SendOutcome = { _tag: "NotSent", reason: "not_connected", final: false }
const lookupFailed: SendOutcome = { _tag: "NotSent", reason: "lookup_failed", final: false }
const notEncrypted: SendOutcome = { _tag: "NotSent", reason: "encryption_failed", final: false }
const notOnWhatsApp: SendOutcome = { _tag: "NotSent", reason: "recipient_not_on_whatsapp", final: true }

/** What Baileys throws only before it writes a message, and never after. Anything else may have come after the write. */
const beforeAnyWrite: ReadonlyMap<string, SendOutcome> = new Map([
  ["All encryptions failed", notEncrypted],
  ["Connection Closed", notConnected]
])
const neverLeft = (cause: unknown) => (cause instanceof Error ? beforeAnyWrite.get(cause.message) : undefined)

/** Most words come soon, and need not be looked up in the ledger. */
const mostLately = 4_096

/** Sends over one socket, in any number at a time. */
export const make = (
  sock: WASocket,
  options: {
    readonly lookupTimeoutMs: number
    readonly ackTimeoutMs: number
    readonly pace: Pace
    /** The directory has the recipient at this address; before anything is sent there. */
    readonly found?: (to: Recipient, address: string) => void
    readonly deviceLists?: DeviceLists
  }
): Sender => {
  const gone = new AbortController()
  const lookup = BaileysLookup.make(sock, options.lookupTimeoutMs, gone.signal, options.pace, options.deviceLists)
  const waiting = new Map<string, Attempt>()
  const lately = lru<string>(mostLately)

  const relay = (address: string, { waMessageId, bytes }: Outgoing): Promise<SendOutcome> =>
    new Promise((resolve) => {
      const end = (outcome: SendOutcome) => {
        attempt.over = true
        deadline.stop()
        if (waiting.get(waMessageId) === attempt) waiting.delete(waMessageId)
        resolve(outcome)
      }
      const attempt: Attempt = { started: false, arrived: false, over: false, end }
      const message = decode(bytes)
      attempts.set(message, attempt)
      waiting.set(waMessageId, attempt)
      lately.set(waMessageId, address)
      const deadline = after(options.ackTimeoutMs, () => end(unsettled(attempt, "ack_timeout")))
      // Success proves nothing yet. Most failures may come after the write: keys are stored once the frame has left.
      sock
        .relayMessage(address, message, { messageId: waMessageId })
        .catch((cause) => attempt.arrived || end(neverLeft(cause) ?? unsettled(attempt, "send_failed")))
    })

  const find = async (to: Recipient): Promise<string | undefined> => {
    const address = await lookup.find(`${to.address.slice(1)}@s.whatsapp.net`)
    if (address !== undefined) options.found?.(to, address)
    return address
  }

  return {
    send: async (message) => {
      const address = await find(message.to).catch(() => lookupFailed)
      if (gone.signal.aborted) return notConnected
      if (address === undefined) return notOnWhatsApp
      return typeof address === "string" ? relay(address, message) : address
    },

    settle: (waMessageId, error) => {
      const attempt = waiting.get(waMessageId)
      const at = fromMillis(Date.now())
      attempt?.end(error === undefined ? { _tag: "Acked", at } : { _tag: "Rejected", code: error, at })
      return attempt !== undefined
    },

    addressOf: lately.get,

    arrived: (waMessageId) => {
      const attempt = waiting.get(waMessageId)
      if (attempt !== undefined) attempt.arrived = true
    },

    lost: () => {
      gone.abort()
      for (const attempt of [...waiting.values()]) attempt.end(unsettled(attempt, "connection_lost"))
    }
  }
}

const unsettled = (attempt: Attempt, reason: "ack_timeout" | "connection_lost" | "send_failed"): SendOutcome =>
  attempt.started || attempt.arrived ? { _tag: "Unknown", reason } : notConnected
