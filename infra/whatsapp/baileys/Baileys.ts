import { Effect, Fiber, Layer, Redacted } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { type SendOutcome, type SessionEvent, WhatsApp, WhatsAppUnavailable } from "#domain/ports/WhatsApp.ts"
import * as Inflow from "../../Inflow.ts"
import * as AuthFile from "./AuthFile.ts"
import * as Backoff from "./Backoff.ts"
import type { HistoryScope } from "./Config.ts"
import { guardProcess } from "./Containment.ts"
import type { Pacing } from "./Pace.ts"
import type { make as makeSession, Session } from "./Session.ts"

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
  readonly backoff?: Partial<Backoff.Backoff>
  /** How often one account may ask about numbers that it has never written to; see `Pace`. */
  readonly lookups?: Pacing
  /** How much is heard of what was before a device was linked; what is `recent`, unless told otherwise. */
  readonly history?: HistoryScope
  /** Whether it is heard how people are seen; the account is seen to be there as well, then. */
  readonly presence?: boolean
}

/** WhatsApp through Baileys, which is loaded when the first device needs it: it costs a second and 100 MB. */
export const layer = (options: Options): Layer.Layer<WhatsApp, WhatsAppUnavailable, Crypto> =>
  Layer.effect(WhatsApp, make(options))

type OpenOptions = Parameters<WhatsApp["Service"]["open"]>[1]

const importBaileys = async () => ({
  ...(await import("./Content.ts")),
  ...(await import("./Quotes.ts")),
  ...(await import("./Session.ts"))
})
let loaded: Awaited<ReturnType<typeof importBaileys>> | undefined
/** Asked for with every message: even of modules that are there already, an import is three of Node's own promises. */
const loadBaileys = Effect.suspend(() =>
  loaded === undefined
    ? Effect.tryPromise({
        try: async () => {
          loaded = await importBaileys()
          return loaded
        },
        catch: (cause) => new WhatsAppUnavailable({ cause })
      })
    : Effect.succeed(loaded)
)

const make = Effect.fnUntraced(function* (options: Options) {
  const settings = {
    webSocketUrl: options.webSocketUrl,
    version: options.version && ([...options.version] as [number, number, number]),
    connectTimeoutMs: options.connectTimeoutMs ?? 45_000,
    lookupTimeoutMs: options.lookupTimeoutMs ?? 8_000,
    ackTimeoutMs: options.ackTimeoutMs ?? 20_000,
    qrTimeoutMs: options.qrTimeoutMs,
    history: options.history ?? "recent",
    presence: options.presence ?? false
  }
  const lookups = options.lookups ?? { burst: 10, everyMs: 500 }
  const backoff = { ...Backoff.standard, ...options.backoff }

  yield* guardProcess
  const crypto = yield* Crypto
  const file = yield* AuthFile.open(crypto, options.authFile, Redacted.value(options.authKey)).pipe(
    Effect.mapError((cause) => new WhatsAppUnavailable({ cause }))
  )
  const { put: tell, stream: events } = yield* Inflow.make<SessionEvent>()
  const running = new Map<DeviceId, { readonly session: Session; readonly fiber: Fiber.Fiber<void> }>()
  yield* Effect.addFinalizer(() => Fiber.interruptAll([...running.values()].map(({ fiber }) => fiber)))
  const services = yield* Effect.context<never>() // sessions outlive whoever opens them

  const start = (make: typeof makeSession, device: DeviceId, { linked = false, pairing, sent }: OpenOptions) => {
    const session = make({
      device,
      file,
      settings,
      backoff,
      lookups,
      pairing,
      linked,
      sent: (waMessageId) => Effect.runPromiseWith(services)(sent(waMessageId)),
      tell,
      fork: (effect) => void Effect.runForkWith(services)(effect)
    })
    const life = Effect.gen(function* () {
      yield* Effect.yieldNow
      const reason = yield* session.run
      running.delete(device) // first, so that whoever hears of the end may open the device again
      tell({ _tag: "Disconnected", device, reason, final: true })
    })
    running.set(device, { session, fiber: Effect.runForkWith(services)(life) })
  }

  return WhatsApp.of({
    encode: (device, { content, quote, to }) =>
      loadBaileys.pipe(
        Effect.andThen(({ encode, ownAddress, timerOf }) =>
          Effect.promise(() => {
            const own = quote === undefined ? undefined : ownAddress(file, device)
            return encode(content, { timer: timerOf(file, device, to), quote, own })
          })
        ),
        Effect.orDie
      ),

    open: (device, options) =>
      Effect.flatMap(loadBaileys, ({ make }) =>
        Effect.try({
          try: () => (running.has(device) ? undefined : start(make, device, options)),
          catch: (cause) => new WhatsAppUnavailable({ cause })
        })
      ),

    logOut: (device) => Effect.suspend(() => running.get(device)?.session.logOut ?? Effect.void),

    send: (device, message) => Effect.suspend(() => running.get(device)?.session.send(message) ?? notOpen),

    markRead: (device, message) =>
      Effect.suspend(() => running.get(device)?.session.markRead(message) ?? Effect.succeed(false)),

    typing: (device, to) => Effect.suspend(() => running.get(device)?.session.typing(to) ?? Effect.void),

    events
  })
})

const notOpen = Effect.succeed<SendOutcome>({ _tag: "NotSent", reason: "not_connected", final: false })
