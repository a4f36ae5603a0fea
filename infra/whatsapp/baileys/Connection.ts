import type { IncomingMessage } from "node:http"
import "./QuietLibsignal.ts"
import { type BinaryNode, makeWASocket } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { Heard } from "#domain/inbound/Heard.ts"
import type { Recipient } from "#domain/message/Recipient.ts"
import type { DisconnectReason, Pairing, SentMessage, SessionEvent, WordRefusal } from "#domain/ports/WhatsApp.ts"
import { after } from "#domain/Timer.ts"
import { acknowledge } from "./Acknowledgement.ts"
import { hearAcks } from "./Acks.ts"
import * as Addresses from "./Addresses.ts"
import type { AuthState } from "./AuthState.ts"
import { hearCalls } from "./Calls.ts"
import { configure, type Settings } from "./Config.ts"
import { outside, within } from "./Containment.ts"
import * as DeviceLists from "./DeviceLists.ts"
import * as DisappearingChats from "./DisappearingChats.ts"
import { banMillis, disconnectReason } from "./DisconnectReasons.ts"
import { gatherWrites } from "./GatheredWrites.ts"
import { hearGroupChanges } from "./GroupChanges.ts"
import * as GroupNames from "./GroupNames.ts"
import { hearMessages } from "./Hearing.ts"
import * as HeldStanzas from "./HeldStanzas.ts"
import { hearHistory } from "./History.ts"
import { type Missing, originOf } from "./HistoryArchive.ts"
import { removeFromAccount } from "./LogOut.ts"
import * as BaileysMemory from "./Memory.ts"
import * as Opened from "./Opened.ts"
import type { Pace } from "./Pace.ts"
import { PairingCodeRefused, pairingCodes } from "./PairingCodes.ts"
import { answerPlainReceipts } from "./PlainReceipts.ts"
import { hearPresences } from "./Presences.ts"
import * as PrivacyTokens from "./PrivacyTokens.ts"
import * as ReadReceipts from "./ReadReceipts.ts"
import { hearReceipts } from "./Receipts.ts"
import { givenTo } from "./Retries.ts"
import * as Secrets from "./Secrets.ts"
import * as BaileysSend from "./Send.ts"
import { guard } from "./StanzaGuard.ts"
import { digestOf, isOffered, type Suspects } from "./Suspects.ts"
import * as TransportKey from "./TransportKey.ts"
import * as Unopened from "./Unopened.ts"

/** A session event without the device it is about. */
export type Told = SessionEvent extends infer Event ? (Event extends unknown ? Omit<Event, "device"> : never) : never

/** How a connection ended; `livedMs` since it was open or offered codes, `undefined` when it came to neither. */
export type End = {
  readonly reason: DisconnectReason
  readonly livedMs: number | undefined
  readonly offered: boolean
  /** The server has said that it is of no use before. */
  readonly leastWaitMs: number
  /** What Baileys threw, and over what. */
  readonly broke?: Broke
}

/** For the log: names of things, never what is in them. */
export type Broke = { readonly error: string; readonly stanza?: string; readonly digest?: string }

/** Ends that say nothing about why. */
const unexplained: ReadonlyArray<DisconnectReason> = ["broken", "connection_lost", "server_closed"]

/** Our own disk did not take what had to be there: by no word of WhatsApp's. */
const notKept = "KeysNotKept"

/** What an open connection is good for. */
export interface Line extends Pick<BaileysSend.Sender, "send"> {
  readonly markRead: ReadReceipts.ReadReceipts["mark"]
  /** Shows that somebody is writing; nothing depends on it. */
  readonly typing: (to: Recipient) => void
  /** Unlinks the device: the connection ends with `logged_out` when WhatsApp has taken it. */
  readonly logOut: () => void
}

/** One connection, from dialling to its end. Interrupting it closes the socket and keeps the credentials. */
export const connect = (options: {
  readonly auth: AuthState
  readonly settings: Settings
  readonly pairing: Pairing | undefined
  readonly sent: (waMessageId: string) => Promise<SentMessage | undefined>
  readonly suspects: Suspects
  readonly pace: Pace
  /** A stanza is kept from Baileys from here on; `undefined` when it could not be read at all. */
  readonly setAside: (stanza: BinaryNode | undefined) => void
  /** A part of what the account's phone remembers is not there. */
  readonly historyMissing: (why: Missing) => void
  readonly tell: (event: Told) => void
  readonly opened: (line: Line) => void
}): Effect.Effect<End> =>
  Effect.callback<End>((resume) => {
    const { auth, settings, pairing, suspects } = options
    const key = TransportKey.make()
    const tell = (event: Told) => outside(() => options.tell(event))
    let offered = false
    let leastWaitMs = 0
    let bornAt: number | undefined
    let over = false

    const finish = (reason: DisconnectReason, broke?: Broke) => {
      if (over) return
      over = true
      const isExplained = broke?.stanza !== undefined || broke?.error === notKept || !unexplained.includes(reason)
      if (!isExplained) guarded.heard().forEach(suspects.suspect)
      watchdog.stop()
      sender.lost()
      readReceipts.lost()
      const livedMs = bornAt === undefined ? undefined : performance.now() - bornAt
      outside(() => resume(Effect.succeed({ reason, livedMs, offered, leastWaitMs, ...(broke && { broke }) })))
      within(breach, () => {
        guarded.end()
        sock.end(undefined).catch(() => {}) // may wait long for the other side's farewell; nobody else should
      })
    }

    /** Without the keys on disk nothing may follow: the next connection starts from what is there. */
    const unkept = (cause: unknown): never => {
      finish("connection_lost", { error: notKept })
      throw cause
    }
    const durably = <A>(work: () => A | Promise<A>): A | Promise<A> => {
      try {
        const done = work()
        return done instanceof Promise ? done.catch(unkept) : done
      } catch (cause) {
        return unkept(cause)
      }
    }

    const breach = (cause: unknown, stanza?: BinaryNode) => {
      if (over) return
      const culprit = stanza !== undefined && isOffered(stanza) ? stanza : undefined
      if (culprit !== undefined) suspects.blame(culprit)
      finish("broken", {
        error: cause instanceof Error ? cause.name : typeof cause,
        ...(culprit && { stanza: culprit.tag, digest: digestOf(culprit) })
      })
    }

    const sent = (waMessageId: string) => outside(() => options.sent(waMessageId))
    const addresses = Addresses.make(auth)
    const copyFor = givenTo(addresses, sent)
    const sock = within(breach, () =>
      key.watch(() => makeWASocket(configure({ auth, settings, pairing, copyFor, durably })))
    )
    BaileysMemory.bind(sock)
    gatherWrites(sock.ws)
    answerPlainReceipts(sock)
    const deviceLists = DeviceLists.make(sock, addresses, () => sock.user?.id)
    const sender = BaileysSend.make(sock, { ...settings, pace: options.pace, found: addresses.found, deviceLists })
    const readReceipts = ReadReceipts.make(sock, settings)
    const now = () => Math.floor(Date.now() / 1_000)
    const groupNames = GroupNames.make(sock, auth.notes, now)
    const presences = settings.presence
      ? hearPresences(sock, {
          alsoKnown: addresses.alsoKnown,
          tell: (presence) => tell({ _tag: "Presence", presence })
        })
      : undefined
    const tokens = PrivacyTokens.make(sock, now)
    const answer = (stanza: BinaryNode) => {
      if (isOffered(stanza)) acknowledge(sock, stanza).catch(() => {}) // it is offered again
    }
    const guarded = guard(sock.ws, {
      key,
      suspects,
      breach,
      answer,
      setAside: (stanza) => {
        outside(() => options.setAside(stanza))
        if (stanza !== undefined) answer(stanza)
      }
    })

    // After an HTTP refusal of the upgrade, and on a server that falls silent, Baileys would stay "connecting" for ever.
    const watchdog = after(settings.connectTimeoutMs, () => finish("connect_timeout"))
    sock.ws.on("unexpected-response", (_request: unknown, { statusCode = 0 }: IncomingMessage) =>
      finish(statusCode >= 500 ? "server_closed" : "refused")
    )

    const offer = pairing && pairingCodes(sock, pairing, settings.qrTimeoutMs)

    sock.ev.on("creds.update", () => {
      try {
        durably(auth.save)
      } catch {} // durably has ended the connection; Baileys would turn a throw here into a crash of the process
    })
    sock.ev.on("connection.update", ({ connection, isNewLogin, lastDisconnect, qr }) => {
      if (over) return
      if (qr !== undefined && offer !== undefined) {
        offered = true
        bornAt ??= performance.now()
        watchdog.stop()
        offer(qr).then(
          (code) => code && !over && tell(code),
          (cause) => finish(cause instanceof PairingCodeRefused ? "pairing_refused" : "connection_lost")
        )
      }
      if (isNewLogin) tell({ _tag: "Paired" })
      if (connection === "open") {
        bornAt ??= performance.now()
        watchdog.stop()
        const logOut = () =>
          within(breach, () =>
            removeFromAccount(sock).then(
              () => finish("logged_out"),
              () => finish("connection_lost") // and it is asked again
            )
          )
        const send: Line["send"] = (message) => within(breach, () => sender.send(message))
        const markRead: Line["markRead"] = (message) => within(breach, () => readReceipts.mark(message))
        const typing: Line["typing"] = (to) =>
          within(breach, () => void sock.sendPresenceUpdate("composing", addresses.of(to)).catch(() => {}))
        outside(() => options.opened({ send, markRead, typing, logOut: () => void logOut() }))
        within(breach, () => groupNames.refresh().catch(() => {})) // the next connection asks again
        within(breach, () => presences?.show().catch(() => {})) // as above
        const number = Addresses.phoneOf(sock.user?.id)
        tell({ _tag: "Connected", ...(number !== undefined && { number }) })
      }
      if (connection === "close") {
        leastWaitMs = banMillis(lastDisconnect?.error) ?? 0
        finish(disconnectReason(lastDisconnect?.error, { offered, paired: auth.paired() }))
      }
    })

    DisappearingChats.hear(sock, auth.notes, now)
    const refuse = (reason: WordRefusal) => tell({ _tag: "Refused", reason })
    const words = { addresses, addressOf: sender.addressOf, sent, refuse }
    hearAcks(sock, {
      ...words,
      take: (ack) => {
        const { waMessageId, error } = ack
        deviceLists.heard(ack)
        const address = error === undefined ? sender.addressOf(waMessageId) : undefined
        if (address !== undefined) tokens.given(address).catch(() => {}) // it is given again
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

    const secrets = Secrets.make(auth.notes, sent)
    const { alsoKnown } = addresses
    const listening = {
      opened: Opened.make(sock, auth.notes),
      secrets,
      unopened: Unopened.make(sock, { notes: auth.notes, secrets, alsoKnown }),
      alsoKnown,
      stanzas: HeldStanzas.make(sock.ws, { breach, isCertain: suspects.areCertainOf }),
      take: (heard: Heard) => {
        presences?.watch(heard)
        return new Promise<boolean>((resolve) =>
          tell({
            _tag: "Heard",
            heard: groupNames.naming(heard),
            taken: Effect.sync(() => resolve(true)),
            refused: Effect.sync(() => resolve(false))
          })
        )
      }
    }
    const hearPeer = hearHistory(sock, {
      ...listening,
      notes: auth.notes,
      scope: settings.history,
      origin: originOf(settings.webSocketUrl),
      missing: (why) => outside(() => options.historyMissing(why)),
      isCertain: suspects.areCertainOf,
      breach
    })
    hearMessages(sock, { ...listening, hearPeer })
    hearCalls(sock, listening)
    hearGroupChanges(sock, listening)

    return Effect.sync(() => finish("connection_lost"))
  })
