import { Effect, FiberMap, Layer, Queue, Redacted, Stream } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { type SendOutcome, type SessionEvent, WhatsApp, WhatsAppUnavailable } from "#domain/ports/WhatsApp.ts"
import * as AuthFile from "./AuthFile.ts"
import type { Session } from "./BaileysSession.ts"

export interface Options {
  /** SQLite file with the credentials of all devices; made if it is not there. */
  readonly authFile: string
  /** 32 bytes, kept elsewhere. Another key than the file's is an error, never a fresh start. */
  readonly authKey: Redacted.Redacted<Uint8Array>
  /** WhatsApp's own when absent; a simulator's in tests and demonstrations. */
  readonly webSocketUrl?: string
  /** WhatsApp Web version to claim, when Baileys' own has grown too old for the servers. */
  readonly version?: readonly [number, number, number]
  /** From dialling to an open session or a first pairing code. */
  readonly connectTimeoutMs?: number
  readonly lookupTimeoutMs?: number
  readonly ackTimeoutMs?: number
  /** How long a QR code is shown; WhatsApp's own timing when absent. */
  readonly qrTimeoutMs?: number
  readonly backoff?: { readonly firstMs: number; readonly mostMs: number }
}

/** WhatsApp through Baileys, which is loaded when the first device needs it: it costs a second and 100 MB. */
export const layer = (options: Options): Layer.Layer<WhatsApp, WhatsAppUnavailable> =>
  Layer.effect(WhatsApp, make(options))

const load = Effect.tryPromise({
  try: async () => ({ ...(await import("./BaileysContent.ts")), sessions: await import("./BaileysSession.ts") }),
  catch: (cause) => new WhatsAppUnavailable({ cause })
})

const make = Effect.fnUntraced(function* (options: Options) {
  const settings = {
    webSocketUrl: options.webSocketUrl,
    version: options.version && ([...options.version] as [number, number, number]),
    connectTimeoutMs: options.connectTimeoutMs ?? 45_000,
    lookupTimeoutMs: options.lookupTimeoutMs ?? 8_000,
    ackTimeoutMs: options.ackTimeoutMs ?? 20_000,
    qrTimeoutMs: options.qrTimeoutMs
  }
  const backoff = options.backoff ?? { firstMs: 1_000, mostMs: 60_000 }

  const file = yield* Effect.acquireRelease(
    Effect.try({
      try: () => AuthFile.open(options.authFile, Redacted.value(options.authKey)),
      catch: (cause) => new WhatsAppUnavailable({ cause })
    }),
    (opened) => Effect.sync(opened.close)
  )
  const events = yield* Queue.unbounded<SessionEvent>()
  const fibers = yield* FiberMap.make<DeviceId>()
  const sessions = new Map<DeviceId, Session>()
  const services = yield* Effect.context<never>()

  return WhatsApp.of({
    encode: (content) =>
      load.pipe(
        Effect.andThen(({ encode }) => Effect.promise(() => encode(content))),
        Effect.orDie
      ),

    open: (device, { pairing, sent }) =>
      Effect.gen(function* () {
        const loaded = yield* load
        if (sessions.has(device)) return
        const session = yield* Effect.try({
          try: () =>
            loaded.sessions.make({
              device,
              file,
              settings,
              backoff,
              pairing,
              sent: (waMessageId) => Effect.runPromiseWith(services)(sent(waMessageId)),
              tell: (event) => void Queue.offerUnsafe(events, event)
            }),
          catch: (cause) => new WhatsAppUnavailable({ cause })
        })
        sessions.set(device, session)
        const forget = Effect.sync(() => void (sessions.get(device) === session && sessions.delete(device)))
        yield* FiberMap.run(fibers, device, Effect.ensuring(session.run, forget))
      }),

    close: (device) => FiberMap.remove(fibers, device),

    send: (device, message) =>
      Effect.suspend(() => sessions.get(device)?.send(message) ?? Effect.succeed<SendOutcome>(notOpen)),

    events: Stream.fromQueue(events)
  })
})

const notOpen: SendOutcome = { _tag: "NotSent", reason: "not_connected", final: false }
