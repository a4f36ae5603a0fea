import { Effect, Random } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import type { DisconnectReason, Pairing, SendOutcome, SessionEvent } from "#domain/ports/WhatsApp.ts"
import type { AuthFile } from "./AuthFile.ts"
import * as AuthState from "./AuthState.ts"
import type { Settings } from "./BaileysConfig.ts"
import { connect, type End, type Told } from "./BaileysConnection.ts"
import type { Outgoing, Sender } from "./BaileysSend.ts"

export interface Session {
  /** Lives until an end that only a person can change, and gives its reason. Interrupting it closes the session. */
  readonly run: Effect.Effect<DisconnectReason>
  readonly send: (message: Outgoing) => Effect.Effect<SendOutcome>
}

export type Backoff = { readonly firstMs: number; readonly mostMs: number }

/** One device's connections, one after the other, as one session. Throws when its credentials cannot be read. */
export const make = (options: {
  readonly device: DeviceId
  readonly file: AuthFile
  readonly settings: Settings
  readonly backoff: Backoff
  readonly pairing: Pairing | undefined
  readonly sent: (waMessageId: string) => Promise<Uint8Array | undefined>
  readonly tell: (event: SessionEvent) => void
}): Session => {
  const { device, file, settings, backoff, pairing, sent } = options
  const tell = (event: Told) => options.tell({ ...event, device })
  let sender: Sender | undefined
  AuthState.load(file, device) // what cannot be read shall stop whoever opens the session, not fail again and again later

  const once: Effect.Effect<End> = Effect.suspend(() => {
    const auth = AuthState.load(file, device)
    if (!auth.paired() && pairing === undefined) return Effect.succeed<End>({ reason: "logged_out", alive: false })
    const opened = (open: Sender) => {
      sender = open
    }
    return connect({ auth, settings, pairing: auth.paired() ? undefined : pairing, sent, tell, opened })
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        sender = undefined
      })
    ),
    Effect.catchDefect((defect) =>
      Effect.logError("WhatsApp connection failed", defect instanceof Error ? defect.name : "").pipe(
        Effect.annotateLogs({ device }),
        Effect.as<End>({ reason: "connection_lost", alive: false })
      )
    )
  )

  /** The keys are dead, and the next pairing starts without them. On a full disk they stay, as dead as before. */
  const forget = Effect.ignore(Effect.try({ try: () => file.forget(device), catch: () => undefined }))

  const run = Effect.gen(function* () {
    let failures = 0
    let told: DisconnectReason | undefined
    while (true) {
      const { reason, alive } = yield* once
      if (alive) {
        failures = 0
        told = undefined
      }
      if (reason === "logged_out") yield* forget
      if (reason === "logged_out" || reason === "replaced") return reason
      if (reason !== told) tell({ _tag: "Disconnected", reason, final: false })
      told = reason
      const wait = yield* delay(backoff, reason, failures++)
      yield* Effect.logDebug("WhatsApp connection ended").pipe(Effect.annotateLogs({ device, reason, wait }))
      yield* Effect.sleep(wait)
    }
  })

  return {
    run,
    send: (message) =>
      Effect.suspend(() => {
        const open = sender
        if (open !== undefined) return Effect.promise(() => open.send(message))
        return Effect.succeed<SendOutcome>({
          _tag: "NotSent",
          reason: AuthState.isPaired(file, device) ? "not_connected" : "not_paired",
          final: false
        })
      })
  }
}

/** Milliseconds until the next try. What the server asks for comes at once; what it refuses is not asked soon again. */
const delay = ({ firstMs, mostMs }: Backoff, reason: DisconnectReason, failures: number): Effect.Effect<number> => {
  const expected = reason === "restarting" || reason === "pairing_timeout"
  if (expected && failures === 0) return Effect.succeed(0)
  const most = reason === "refused" ? mostMs : Math.min(firstMs * 2 ** failures, mostMs)
  return Effect.map(Random.next, (random) => Math.round(most * (0.5 + random / 2))) // so that devices do not dial in step
}
