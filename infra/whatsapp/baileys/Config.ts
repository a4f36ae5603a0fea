import "./QuietLibsignal.ts"
import { Browsers, type SignalKeyStore, type UserFacingSocketConfig, type WAVersion } from "@whiskeysockets/baileys"
import { pino } from "pino"
import type { Pairing } from "#domain/ports/WhatsApp.ts"
import type { AuthState } from "./AuthState.ts"
import { decode } from "./Content.ts"
import { bounded, withoutTokenIndex } from "./Memory.ts"
import { beforeWrite } from "./Send.ts"
import { messageId } from "./ServerWords.ts"

/** How much of what was before a device was linked is heard. */
export type HistoryScope = "off" | "recent" | "full"

export interface Settings {
  readonly webSocketUrl: string | undefined
  readonly version: WAVersion | undefined
  readonly connectTimeoutMs: number
  readonly lookupTimeoutMs: number
  readonly ackTimeoutMs: number
  readonly qrTimeoutMs: number | undefined
  readonly history: HistoryScope
  /** The account is seen to be there, and hears how those are seen who write to it. */
  readonly presence: boolean
}

/** Baileys logs addresses and texts. */
export const silent = pino({ level: "silent" })

/** What Baileys is told for one connection. `durably` runs what has to be on disk and ends the connection if it fails. */
export const configure = (options: {
  readonly auth: AuthState
  readonly settings: Settings
  readonly pairing: Pairing | undefined
  /** What may be given to this asker. */
  readonly copyFor: (waMessageId: string, asker: string | undefined) => Promise<Uint8Array | undefined>
  readonly durably: <A>(work: () => A | Promise<A>) => A | Promise<A>
}): UserFacingSocketConfig => {
  const { auth, settings, pairing, copyFor, durably } = options
  const { creds, keys } = auth.state
  const durable: SignalKeyStore = {
    get: (type, ids) => durably(() => keys.get(type, ids)),
    set: (data) => durably(() => keys.set(data))
  }
  return {
    ...bounded(),
    auth: { creds, keys: withoutTokenIndex(durable) },
    // The phone shows this name in its list of devices. Pairing by code accepts only browsers it knows.
    browser: pairing?.method === "code" ? Browsers.macOS("Chrome") : ["Homing", "Chrome", "1.0"],
    connectTimeoutMs: 0, // a connection has its own; Baileys would take two stack traces for it at every frame
    generateHighQualityLinkPreview: false,
    getMessage: async ({ id, participant, remoteJid }) => {
      const known = messageId(id)
      const bytes = known === undefined ? undefined : await copyFor(known, participant ?? remoteJid ?? undefined)
      return bytes && decode(bytes)
    },
    logger: silent,
    markOnlineOnConnect: false,
    retryRequestDelayMs: 0, // else what cannot be read queues for a quarter of a second each, without bound
    patchMessageBeforeSending: beforeWrite,
    syncFullHistory: settings.history === "full",
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 }, // trying again would hold up every send
    ...(settings.qrTimeoutMs !== undefined && { qrTimeout: settings.qrTimeoutMs }),
    ...(settings.version && { version: settings.version }),
    ...(settings.webSocketUrl !== undefined && { waWebSocketUrl: settings.webSocketUrl })
  }
}
