import type { IncomingMessage } from "node:http"
import "./QuietLibsignal.ts"
import { makeWASocket } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { DisconnectReason, Pairing, SentMessage, SessionEvent, WordRefusal } from "#domain/ports/WhatsApp.ts"
import * as Addresses from "./Addresses.ts"
import type { AuthState } from "./AuthState.ts"
import { hearAcks } from "./BaileysAcks.ts"
import { configure, type Settings } from "./BaileysConfig.ts"
import { hearReceipts } from "./BaileysReceipts.ts"
import { givenTo } from "./BaileysRetries.ts"
import * as BaileysSend from "./BaileysSend.ts"
import * as DeviceLists from "./DeviceLists.ts"
import * as DisappearingChats from "./DisappearingChats.ts"
import { disconnectReason } from "./DisconnectReasons.ts"
import { pairingCodes } from "./PairingCodes.ts"

/** A session event without the device it is about. */
export type Told = SessionEvent extends infer Event ? (Event extends unknown ? Omit<Event, "device"> : never) : never

/** How a connection ended; `livedMs` since it was open or offered codes, `undefined` when it came to neither. */
export type End = {
  readonly reason: DisconnectReason
  readonly livedMs: number | undefined
  readonly offered: boolean
}

/** One connection, from dialling to its end. Interrupting it closes the socket and keeps the credentials. */
export const connect = (options: {
  readonly auth: AuthState
  readonly settings: Settings
  readonly pairing: Pairing | undefined
  readonly sent: (waMessageId: string) => Promise<SentMessage | undefined>
  readonly tell: (event: Told) => void
  readonly opened: (sender: BaileysSend.Sender) => void
}): Effect.Effect<End> =>
  Effect.callback<End>((resume) => {
    const { auth, settings, pairing, tell } = options
    let offered = false
    let bornAt: number | undefined
    let over = false

    const finish = (reason: DisconnectReason) => {
      if (over) return
      over = true
      clearTimeout(watchdog)
      sender.lost()
      const livedMs = bornAt === undefined ? undefined : performance.now() - bornAt
      resume(Effect.succeed({ reason, livedMs, offered }))
      void sock.end(undefined).catch(() => {}) // may wait long for the other side's farewell; nobody else should
    }

    /** Without the keys on disk nothing may follow: the next connection starts from what is there. */
    const durably = (write: () => void) => {
      try {
        write()
      } catch (cause) {
        finish("connection_lost")
        throw cause
      }
    }

    const addresses = Addresses.make(auth)
    const copyFor = givenTo(addresses, options.sent)

    const sock = makeWASocket(configure({ auth, settings, pairing, copyFor, durably }))
    const deviceLists = DeviceLists.make(sock, addresses, () => sock.user?.id)
    const sender = BaileysSend.make(sock, { ...settings, found: addresses.found, deviceLists })

    // After an HTTP refusal of the upgrade, and on a server that falls silent, Baileys would stay "connecting" for ever.
    const watchdog = setTimeout(() => finish("connect_timeout"), settings.connectTimeoutMs)
    sock.ws.on("unexpected-response", (_request: unknown, { statusCode = 0 }: IncomingMessage) =>
      finish(statusCode >= 500 ? "server_closed" : "refused")
    )

    const offer = pairingCodes(sock, pairing ?? { method: "qr" }, settings.qrTimeoutMs)

    sock.ev.on("creds.update", () => {
      try {
        durably(auth.save)
      } catch {} // durably has ended the connection; Baileys would turn a throw here into a crash of the process
    })
    sock.ev.on("connection.update", ({ connection, isNewLogin, lastDisconnect, qr }) => {
      if (over) return
      if (qr !== undefined) {
        offered = true
        bornAt ??= performance.now()
        clearTimeout(watchdog)
        offer(qr).then(
          (code) => code && !over && tell(code),
          () => finish("connection_lost")
        )
      }
      if (isNewLogin) tell({ _tag: "Paired" })
      if (connection === "open") {
        bornAt ??= performance.now()
        clearTimeout(watchdog)
        options.opened(sender)
        tell({ _tag: "Connected" })
      }
      if (connection === "close") {
        finish(disconnectReason(lastDisconnect?.error, { offered, paired: auth.paired() }))
      }
    })

    DisappearingChats.hear(sock, auth.notes, () => Math.floor(Date.now() / 1_000))
    const refuse = (reason: WordRefusal) => tell({ _tag: "Refused", reason })
    const words = { addresses, addressOf: sender.addressOf, sent: options.sent, refuse }
    hearAcks(sock, {
      ...words,
      take: (ack) => {
        const { waMessageId, error } = ack
        deviceLists.heard(ack)
        if (sender.settle(waMessageId, error)) return
        tell({ _tag: "LateAck", waMessageId, ...(error !== undefined && { error }), at: fromMillis(Date.now()) })
      }
    })
    // What has arrived was accepted: a try that queues is not written any more, and it ends when the receipt is told for good.
    hearReceipts(sock, {
      ...words,
      take: async (word) => {
        sender.arrived(word.waMessageId)
        await new Promise<void>((resolve) => tell({ _tag: "Receipt", ...word, taken: Effect.sync(resolve) }))
        sender.settle(word.waMessageId)
      }
    })

    return Effect.sync(() => finish("connection_lost"))
  })
