import type { IncomingMessage } from "node:http"
import "./QuietLibsignal.ts"
import { type BinaryNode, Browsers, makeWASocket, type WASocket, type WAVersion } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { pino } from "pino"
import { fromMillis } from "#domain/Instant.ts"
import type { DisconnectReason, Pairing, SessionEvent } from "#domain/ports/WhatsApp.ts"
import type { AuthState } from "./AuthState.ts"
import { decode } from "./BaileysContent.ts"
import * as BaileysSend from "./BaileysSend.ts"
import { disconnectReason } from "./DisconnectReasons.ts"
import { messageId, readAck, readReceipts } from "./ServerWords.ts"

export interface Settings {
  readonly webSocketUrl: string | undefined
  readonly version: WAVersion | undefined
  readonly connectTimeoutMs: number
  readonly lookupTimeoutMs: number
  readonly ackTimeoutMs: number
  readonly qrTimeoutMs: number | undefined
}

/** A session event without the device it is about. */
export type Told = SessionEvent extends infer Event ? (Event extends unknown ? Omit<Event, "device"> : never) : never

/** How a connection ended; `alive` when it had been open or offered codes, so that waiting for the next starts anew. */
export type End = { readonly reason: DisconnectReason; readonly alive: boolean }

/** WhatsApp's servers hand out six references: the first stands for a minute, the others for 20 seconds each. */
const firstCodeMs = 60_000
const nextCodeMs = 20_000
const codesPerSession = 6

/** Baileys logs addresses and texts. */
const silent = pino({ level: "silent" })

/** One connection, from dialling to its end. Interrupting it closes the socket and keeps the credentials. */
export const connect = (options: {
  readonly auth: AuthState
  readonly settings: Settings
  readonly pairing: Pairing | undefined
  readonly sent: (waMessageId: string) => Promise<Uint8Array | undefined>
  readonly tell: (event: Told) => void
  readonly opened: (sender: BaileysSend.Sender) => void
}): Effect.Effect<End> =>
  Effect.callback<End>((resume) => {
    const { auth, settings, pairing, tell } = options
    let offered = 0
    let open = false
    let over = false

    const finish = (reason: DisconnectReason) => {
      if (over) return
      over = true
      clearTimeout(watchdog)
      sender.lost()
      resume(Effect.succeed({ reason, alive: open || offered > 0 }))
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

    const { keys } = auth.state
    const sock: WASocket = makeWASocket({
      auth: { creds: auth.state.creds, keys: { ...keys, set: (data) => durably(() => void keys.set(data)) } },
      // The phone shows this name in its list of devices. Pairing by code accepts only browsers it knows.
      browser: pairing?.method === "code" ? Browsers.macOS("Chrome") : ["Homing", "Chrome", "1.0"],
      connectTimeoutMs: settings.connectTimeoutMs,
      generateHighQualityLinkPreview: false,
      getMessage: async ({ id }) => {
        const known = messageId(id)
        const bytes = known === undefined ? undefined : await options.sent(known)
        return bytes && decode(bytes)
      },
      logger: silent,
      markOnlineOnConnect: false,
      patchMessageBeforeSending: BaileysSend.beforeWrite,
      syncFullHistory: false,
      transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 }, // a retry would hold up every send; see durably
      ...(settings.qrTimeoutMs !== undefined && { qrTimeout: settings.qrTimeoutMs }),
      ...(settings.version && { version: settings.version }),
      ...(settings.webSocketUrl !== undefined && { waWebSocketUrl: settings.webSocketUrl })
    })
    const sender = BaileysSend.make(sock, settings)

    // After an HTTP refusal of the upgrade, and on a server that falls silent, Baileys would stay "connecting" for ever.
    const watchdog = setTimeout(() => finish("connect_timeout"), settings.connectTimeoutMs)
    sock.ws.on("unexpected-response", (_request: unknown, { statusCode = 0 }: IncomingMessage) =>
      finish(statusCode >= 500 ? "server_closed" : "refused")
    )

    const offerCode = async (qr: string) => {
      const first = settings.qrTimeoutMs ?? firstCodeMs
      const next = settings.qrTimeoutMs ?? nextCodeMs
      const offer = (code: string, lifetimeMs: number) => {
        const method = pairing?.method ?? "qr"
        if (!over) tell({ _tag: "PairingCode", method, code, expiresAt: fromMillis(Date.now() + lifetimeMs) })
      }
      const isFirst = offered++ === 0
      clearTimeout(watchdog)
      if (pairing?.method !== "code") return offer(qr, isFirst ? first : next)
      if (!isFirst) return // one code lives as long as all references together
      const code = await sock.requestPairingCode(pairing.phone.slice(1))
      offer(code, first + (codesPerSession - 1) * next)
    }

    sock.ev.on("creds.update", () => {
      try {
        durably(auth.save)
      } catch {} // durably has ended the connection; Baileys would turn a throw here into a crash of the process
    })
    sock.ev.on("connection.update", ({ connection, isNewLogin, lastDisconnect, qr }) => {
      if (over) return
      if (qr !== undefined) offerCode(qr).catch(() => finish("connection_lost"))
      if (isNewLogin) tell({ _tag: "Paired" })
      if (connection === "open") {
        open = true
        clearTimeout(watchdog)
        options.opened(sender)
        tell({ _tag: "Connected" })
      }
      if (connection === "close") {
        finish(disconnectReason(lastDisconnect?.error, { offered: offered > 0, paired: auth.paired() }))
      }
    })

    sock.ws.on("CB:ack,class:message", (node: BinaryNode) => {
      const ack = readAck(node)
      if (ack === undefined || sender.settle(ack.waMessageId, ack.error)) return
      const { waMessageId, error } = ack
      tell({ _tag: "LateAck", waMessageId, ...(error !== undefined && { error }), at: fromMillis(Date.now()) })
    })
    sock.ws.on("CB:receipt", (node: BinaryNode) => {
      for (const receipt of readReceipts(node, Date.now())) {
        sender.settle(receipt.waMessageId) // what has arrived was accepted
        tell({ _tag: "Receipt", ...receipt })
      }
    })

    return Effect.sync(() => finish("connection_lost"))
  })
