import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, Layer, Redacted, Scope, Stream } from "effect"
import { DeviceId, WaMessageId } from "#domain/Ids.ts"
import type { Content } from "#domain/message/content/Content.ts"
import { PhoneNumber, type Recipient } from "#domain/message/Recipient.ts"
import { type Pairing, type SentMessage, type SessionEvent, WhatsApp } from "#domain/ports/WhatsApp.ts"
import { patience } from "#domain/testing/Eventually.ts"
import * as NodeCrypto from "../../../crypto/NodeCrypto.ts"
import { type Simulator, type SimulatorOptions, startSimulator } from "../../simulator/Simulator.ts"
import * as Baileys from "../Baileys.ts"

export const device = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a01")
export const own = "15550001"
export const bob = "15550002"
export const carol = "15550003"
export const authKey = Redacted.make<Uint8Array>(Buffer.alloc(32, 7))
export const text = { type: "text", text: "the boiler is on" } as const satisfies Content
export const waMessageId = (n: number) => WaMessageId.make(`3EB0${n.toString(16).toUpperCase().padStart(18, "0")}`)

export const recipientOf = (number: string): Recipient => ({ kind: "phone", address: PhoneNumber.make(`+${number}`) })

export type Told = Extract<SessionEvent, { readonly _tag: "Heard" }>

/** How many stanzas of this kind the client has acknowledged. */
export const acknowledged = ({ record }: Pick<Simulator, "record">, tag: string): number =>
  record.observations.filter(({ detail, kind }) => kind === "client-ack" && detail === tag).length

/** A simulator with Bob on it and an empty folder for credentials; both are gone after the test. */
export const world = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const simulator = yield* Effect.acquireRelease(
    Effect.promise(() => startSimulator({ contacts: [bob], ...options })),
    (started) => Effect.promise(started.close)
  )
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "homing-baileys-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  /** As the ledger would: what was to be sent, whichever life sent it. */
  const ledger = new Map<string, SentMessage>()
  return { simulator, folder, ledger }
})
type World = Effect.Success<ReturnType<typeof world>>

/** The adapter over this simulator and folder, as patient as over the world, and back sooner. */
export const adapterIn = (
  { folder, simulator }: Pick<World, "folder" | "simulator">,
  options: Partial<Baileys.Options> = {}
) =>
  Baileys.layer({
    authFile: join(folder, "auth.db"),
    authKey,
    webSocketUrl: simulator.url,
    backoff: { firstMs: 10, mostMs: 40 },
    ...options
  }).pipe(Layer.provide(NodeCrypto.layer))

/** One life of the adapter: ends, as its process would, with `stop`. Takes each receipt, and what it hears, at once unless told otherwise. */
export const agent = Effect.fnUntraced(function* (
  { simulator, folder, ledger }: World,
  { takes = true, ...options }: Partial<Baileys.Options> & { readonly takes?: boolean } = {}
) {
  const life = yield* Scope.fork(yield* Effect.scope)
  const whatsApp = Context.get(
    yield* Layer.buildWithScope(Layer.fresh(adapterIn({ simulator, folder }, options)), life),
    WhatsApp
  )

  const unread: Array<SessionEvent> = []
  let arrived = Promise.withResolvers<void>()
  yield* Stream.runForEach(whatsApp.events, (event) =>
    Effect.suspend(() => {
      unread.push(event)
      arrived.resolve()
      arrived = Promise.withResolvers<void>()
      return takes && (event._tag === "Receipt" || event._tag === "Heard") ? event.taken : Effect.void
    })
  ).pipe(Effect.forkIn(life))

  /** Takes the first event with this tag and fields, now or later. */
  const hears = <Tag extends SessionEvent["_tag"]>(tag: Tag, fields: object = {}) =>
    Effect.gen(function* () {
      const wanted = Object.entries({ _tag: tag, ...fields })
      while (true) {
        const index = unread.findIndex((event) => wanted.every(([name, value]) => Reflect.get(event, name) === value))
        if (index >= 0) return unread.splice(index, 1)[0] as Extract<SessionEvent, { readonly _tag: Tag }>
        yield* Effect.promise(() => arrived.promise)
      }
    }).pipe(
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.die(new Error(`never heard ${tag}, but ${unread.map(({ _tag }) => _tag)}`))
      })
    )

  const open = (pairing?: Pairing, linked = false) =>
    whatsApp.open(device, { ...(pairing && { pairing }), linked, sent: (id) => Effect.sync(() => ledger.get(id)) })

  const pair = Effect.gen(function* () {
    yield* open({ method: "qr" })
    const { code } = yield* hears("PairingCode")
    yield* Effect.promise(() => simulator.scanQr(code, own))
    yield* hears("Paired")
    yield* hears("Disconnected", { reason: "restarting" }) // WhatsApp asks every newly paired client to dial again
    yield* hears("Connected")
  })

  const send = Effect.fnUntraced(function* (n: number, to: string = bob, bytes?: Uint8Array) {
    const recipient = recipientOf(to)
    const message = {
      to: recipient,
      bytes: bytes ?? (yield* whatsApp.encode(device, { to: recipient, content: text }))
    }
    ledger.set(waMessageId(n), { to: message.to, isGivenUp: false, bytes: Effect.succeed(message.bytes) })
    return yield* whatsApp.send(device, { ...message, waMessageId: waMessageId(n) })
  })

  const encode = (to = bob) => whatsApp.encode(device, { to: recipientOf(to), content: text })

  return {
    ...whatsApp,
    encode,
    hears,
    unread,
    openDevice: open,
    /** As an agent whose ledger says that it is linked. */
    openLinked: open(undefined, true),
    pair,
    sendText: send,
    stop: Scope.close(life, Exit.void)
  }
})

/** A world and an agent in it whose device is paired and connected. */
export const paired = Effect.fnUntraced(function* (
  options: SimulatorOptions = {},
  settings: Parameters<typeof agent>[1] = {}
) {
  const made = yield* world(options)
  const running = yield* agent(made, settings)
  yield* running.pair
  return { ...made, ...running, world: made }
})
