import { Effect, Exit, Random } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { Later } from "#domain/Later.ts"
import type { Recipient } from "#domain/message/Recipient.ts"
import type { DisconnectReason, Pairing, SendOutcome, SentMessage, SessionEvent } from "#domain/ports/WhatsApp.ts"
import type { AuthFile } from "./AuthFile.ts"
import * as AuthState from "./AuthState.ts"
import * as Backoff from "./Backoff.ts"
import type { Settings } from "./Config.ts"
import { type Broke, connect, type End, type Line, type Told } from "./Connection.ts"
import * as DisappearingChats from "./DisappearingChats.ts"
import type { Missing } from "./HistoryArchive.ts"
import { tellHistoryMissing } from "./MissingHistory.ts"
import * as Pace from "./Pace.ts"
import type { Reading } from "./ReadReceipts.ts"
import type { Outgoing } from "./Send.ts"
import { tellSetAside } from "./SetAside.ts"
import * as Suspects from "./Suspects.ts"

export interface Session {
  /** Lives until an end that only a person can change, and gives its reason. Interrupting it closes the session. */
  readonly run: Effect.Effect<DisconnectReason>
  readonly send: (message: Outgoing) => Effect.Effect<SendOutcome>
  readonly markRead: (message: Reading) => Effect.Effect<boolean>
  readonly typing: (to: Recipient) => Effect.Effect<void>
  /** See the port. */
  readonly logOut: Effect.Effect<void>
}

/** By code, each of them makes the phone of the number that was given ring: somebody else's perhaps. */
const mostOffers = 3
const notBegun = { livedMs: undefined, offered: false, leastWaitMs: 0 }
const loggedOut: End = { ...notBegun, reason: "logged_out" }
const notOpened: End = { ...notBegun, reason: "not_opened" }

/** Nobody has said that it was unlinked: that they are not there is damage. */
class CredentialsMissing extends Error {
  override readonly message = "the credentials of a linked device are not there, and nobody has logged it out"
}

/**
 * One device's connections, one after the other, as one session. Throws when its credentials cannot be read, or are not
 * there though it is `linked` and was not forgotten.
 */
export const make = (options: {
  readonly device: DeviceId
  readonly file: AuthFile
  readonly settings: Settings
  readonly backoff: Backoff.Backoff
  readonly lookups: Pace.Pacing
  readonly pairing: Pairing | undefined
  readonly linked: boolean
  readonly sent: (waMessageId: string) => Promise<SentMessage | undefined>
  readonly tell: (event: SessionEvent) => void
  /** Runs what a callback of Baileys gives rise to. */
  readonly fork: (effect: Effect.Effect<void>) => void
}): Session => {
  const { device, file, settings, backoff, sent } = options
  const tell = (event: Told) => options.tell({ ...event, device })
  const suspects = Suspects.make()
  const pace = Pace.make(options.lookups)
  const setAside: Parameters<typeof connect>[0]["setAside"] = (stanza) => options.fork(tellSetAside(device, stanza))
  const historyMissing = (why: Missing) => options.fork(tellHistoryMissing(device, why))
  let line: Line | undefined
  let isLeaving = false
  const left = new Later<void>()
  let { linked, pairing } = options

  const load = (): AuthState.AuthState => {
    const auth = AuthState.load(file, device, pairing !== undefined)
    if (auth.paired()) {
      linked = true
      pairing = undefined
    } else if (linked && pairing === undefined && !isLeaving && !file.isForgotten(device))
      throw new CredentialsMissing()
    return auth
  }
  load() // what cannot be read shall stop whoever opens the session, not fail again and again later

  const once: Effect.Effect<End> = Effect.suspend(() => {
    let auth: AuthState.AuthState
    try {
      auth = load()
    } catch (cause) {
      return Effect.logError("a device's credentials cannot be read any more; it is tried again", cause).pipe(
        Effect.annotateLogs({ device }),
        Effect.as(notOpened)
      )
    }
    if (!auth.paired() && pairing === undefined) return Effect.succeed(loggedOut)
    const opened = (open: Line) => {
      line = open
      if (isLeaving) open.logOut()
    }
    const connection = connect({
      auth,
      settings,
      pairing,
      sent,
      suspects,
      pace,
      setAside,
      historyMissing,
      tell,
      opened
    })
    if (auth.paired()) return connection
    // whom nobody has paired takes leave of nobody
    const leave = Effect.andThen(
      left.told,
      Effect.suspend(() => (auth.paired() ? Effect.never : Effect.succeed(loggedOut)))
    )
    return Effect.raceFirst(connection, leave)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        line = undefined
      })
    ),
    Effect.catchDefect((defect) =>
      Effect.logError("WhatsApp connection failed", defect instanceof Error ? defect.name : "").pipe(
        Effect.annotateLogs({ device }),
        Effect.as<End>({ ...notBegun, reason: "connection_lost" })
      )
    )
  )

  /** The keys are dead, and the next pairing starts without them. On a full disk they stay, as dead as before. */
  const forget = Effect.ignore(Effect.try({ try: () => file.forget(device), catch: () => undefined }))

  const run = Effect.gen(function* () {
    const mostWait = Backoff.make(backoff)
    let offers = 0
    let told: DisconnectReason | undefined
    while (true) {
      const { broke, leastWaitMs, livedMs, offered, reason } = yield* once
      if (broke !== undefined) yield* tellBroke(device, broke)
      if (livedMs !== undefined) told = undefined
      if (reason === "logged_out") yield* forget
      if (reason === "logged_out" || reason === "replaced") return reason
      if (offered && !AuthState.isPaired(file, device) && ++offers === mostOffers) {
        return reason === "pairing_refused" ? reason : "pairing_timeout"
      }
      const most = mostWait(reason, livedMs)
      if (most === undefined) return reason
      if (reason !== told) tell({ _tag: "Disconnected", reason, final: false })
      told = reason
      // not the whole of it, so that devices do not dial in step
      const wait = leastWaitMs + Math.round(most * (0.5 + (yield* Random.next) / 2))
      yield* Effect.logDebug("WhatsApp connection ended").pipe(Effect.annotateLogs({ device, reason, wait }))
      yield* Effect.sleep(wait)
    }
  })

  return {
    run: Effect.tap(run, () => (isLeaving ? forget : Effect.void)),
    logOut: Effect.sync(() => {
      isLeaving = true
      left.tell(Exit.void)
      line?.logOut()
    }),
    markRead: (message) =>
      Effect.suspend(() => {
        const open = line
        return open === undefined ? Effect.succeed(false) : Effect.promise(() => open.markRead(message))
      }),
    typing: (to) => Effect.sync(() => line?.typing(to)),
    send: (message) =>
      Effect.suspend(() => {
        const open = line
        if (open !== undefined) return Effect.promise(() => open.send(message))
        return Effect.succeed<SendOutcome>({
          _tag: "NotSent",
          reason: AuthState.isPaired(file, device) ? "not_connected" : "not_paired",
          final: false
        })
      })
  }
}

/** The timer of a device's chat, as far as it is known; a note that cannot be read is not what a message fails by. */
export const timerOf = (file: AuthFile, device: DeviceId, to: Recipient): DisappearingChats.Timer | undefined => {
  try {
    return DisappearingChats.read(AuthState.readNotes(file, device), to)
  } catch {
    return undefined
  }
}

const tellBroke = (device: DeviceId, broke: Broke) =>
  Effect.logError("WhatsApp connection broke", broke).pipe(Effect.annotateLogs({ device }))
