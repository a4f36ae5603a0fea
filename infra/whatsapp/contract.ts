import { assert, it } from "@effect/vitest"
import { Context, Effect, Exit, type Layer, Queue, Scope, Stream } from "effect"
import { DeviceId, WaMessageId } from "#domain/Ids.ts"
import { toMillis } from "#domain/Instant.ts"
import type { Content } from "#domain/message/content/Content.ts"
import { PhoneNumber, type Recipient } from "#domain/message/Recipient.ts"
import type { SentMessage, SessionEvent, WhatsApp } from "#domain/ports/WhatsApp.ts"

/** An account of WhatsApp, of the number `own`, that nothing is linked to, and one person on it to write to, at +15550002. */
export interface World {
  /** As a process of its own has the adapter, until the scope ends; the next one finds what this one kept. */
  readonly own: PhoneNumber
  readonly live: Effect.Effect<WhatsApp["Service"], unknown, Scope.Scope>
  /** What the account's owner does with a code. */
  readonly scan: (code: string) => Effect.Effect<void>
  /** The texts on the recipient's phone, by id; `undefined` for what it could not read. */
  readonly shown: Effect.Effect<ReadonlyMap<string, string | undefined>>
}
export class Worlds extends Context.Service<Worlds, { readonly empty: Effect.Effect<World, never, Scope.Scope> }>()(
  "homing/infra/whatsapp/Worlds"
) {}

const recipient: Recipient = { kind: "phone", address: PhoneNumber.make("+15550002") }
const device = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a01")
const stranger = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a02")
const idOf = (n: number) => WaMessageId.make(`3EB0${n.toString(16).toUpperCase().padStart(18, "0")}`)
const textOf = (n: number): Content => ({ type: "text", text: `text ${n}` })
const notConnected = { _tag: "NotSent", reason: "not_connected", final: false } as const

type Tag = SessionEvent["_tag"]

/** One life of the adapter, whose events are heard and of whose codes the first is scanned. */
const begin = Effect.fnUntraced(function* ({ live, scan }: World) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const whatsApp = yield* Scope.provide(live, scope)
  const told: Array<SessionEvent> = []
  const unread = yield* Queue.unbounded<SessionEvent>()
  const tags = () => told.map(({ _tag }) => _tag)
  let scanning = true
  yield* Stream.runForEach(whatsApp.events, (event) =>
    Effect.gen(function* () {
      told.push(event)
      yield* Queue.offer(unread, event)
      if (event._tag === "Receipt") yield* event.taken
      if (event._tag === "PairingCode" && scanning) {
        scanning = false
        yield* scan(event.code)
      }
      if (event._tag === "Paired") scanning = true
    })
  ).pipe(Effect.forkIn(scope))

  const ledger = new Map<string, SentMessage>()
  const sent = (id: string) => Effect.sync(() => ledger.get(id))
  const open = whatsApp.open(device, { sent })
  const pair = whatsApp.open(device, { sent, pairing: { method: "qr" } })
  const encode = (n: number) => whatsApp.encode(device, { to: recipient, content: textOf(n) })
  return {
    tags,
    open,
    pair,
    logOut: whatsApp.logOut(device),
    encode,
    /** Waits for the next event of this kind; those before it are read then. */
    hears: (tag: Tag) =>
      Queue.take(unread).pipe(
        Effect.repeat({ until: ({ _tag }) => _tag === tag }),
        Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => Effect.die(new Error(`never told: ${tag}`)) })
      ),
    send: Effect.fnUntraced(function* (n: number, bytes?: Uint8Array, by = device) {
      const message = { waMessageId: idOf(n), to: recipient, bytes: bytes ?? (yield* encode(n)) }
      ledger.set(message.waMessageId, { to: recipient, isGivenUp: false, bytes: Effect.succeed(message.bytes) })
      return yield* whatsApp.send(by, message)
    }),
    end: Scope.close(scope, Exit.void)
  }
})
const count = (tags: ReadonlyArray<Tag>, wanted: Tag) => tags.filter((tag) => tag === wanted).length

const emptyWorld = Effect.flatMap(Worlds, ({ empty }) => empty)

/** A life with a device that was just linked and is connected. */
const linked = Effect.fnUntraced(function* (world: World) {
  const life = yield* begin(world)
  yield* life.pair
  yield* life.hears("Paired")
  assert.deepStrictEqual(yield* life.hears("Connected"), { _tag: "Connected", device, number: world.own })
  return life
})

/** What every WhatsApp adapter owes its callers while nothing goes wrong. Run it against each; add no adapter options. */
export const whatsAppContract = <E>(adapter: string, worlds: Layer.Layer<Worlds, E>) =>
  it.layer(worlds, { excludeTestServices: true })(`WhatsApp contract: ${adapter}`, (it) => {
    it.effect("sends for no device that is not open, and does not call that final", () =>
      Effect.gen(function* () {
        const world = yield* emptyWorld
        const unopened = yield* begin(world)
        assert.deepStrictEqual(yield* unopened.send(1), notConnected)
        yield* unopened.end
        const { send } = yield* linked(world)
        assert.deepStrictEqual(yield* send(1, undefined, stranger), notConnected)
        assert.deepStrictEqual([...(yield* world.shown)], [])
      })
    )

    it.effect("says that a device is paired, then that it is connected, and sends for it from then on", () =>
      Effect.gen(function* () {
        const world = yield* emptyWorld
        const before = Date.now()
        const { send } = yield* linked(world)
        const outcome = yield* send(1)
        if (outcome._tag !== "Acked") return assert.fail(`the outcome is ${outcome._tag}`)
        assert.isAtLeast(toMillis(outcome.at), before - 1_000) // the server may tell whole seconds
        assert.isAtMost(toMillis(outcome.at), Date.now() + 1_000)
        assert.deepStrictEqual([...(yield* world.shown)], [[idOf(1), "text 1"]])
      })
    )

    it.effect("opens an open session as if it had not been asked to", () =>
      Effect.gen(function* () {
        const { hears, open, pair, send, tags } = yield* begin(yield* emptyWorld)
        yield* Effect.all([pair, pair], { concurrency: "unbounded" })
        yield* hears("Connected")
        for (const again of [open, pair]) yield* again
        assert.strictEqual((yield* send(1))._tag, "Acked")
        assert.deepStrictEqual([count(tags(), "Paired"), count(tags(), "Connected")], [1, 1])
      })
    )

    it.effect("connects a device that was linked in an earlier life without asking anybody", () =>
      Effect.gen(function* () {
        const world = yield* emptyWorld
        const { end } = yield* linked(world)
        yield* end
        const { hears, open, send, tags } = yield* begin(world)
        assert.deepStrictEqual(yield* send(1), notConnected) // what was open then is not open now
        yield* open
        assert.deepInclude(yield* hears("Connected"), { number: world.own })
        assert.strictEqual((yield* send(1))._tag, "Acked")
        assert.deepStrictEqual([count(tags(), "PairingCode"), count(tags(), "Paired")], [0, 0])
      })
    )

    it.effect("logs a device out, and pairs it again as if it had never been linked", () =>
      Effect.gen(function* () {
        const world = yield* emptyWorld
        const { hears, logOut, pair, send } = yield* linked(world)
        yield* logOut
        assert.deepInclude(yield* hears("Disconnected"), { reason: "logged_out", final: true })
        assert.deepStrictEqual(yield* send(1), notConnected)
        yield* pair
        yield* hears("Paired")
        yield* hears("Connected")
        assert.strictEqual((yield* send(2))._tag, "Acked")
      })
    )

    it.effect("encodes before any session is open; the same id and bytes, tried in two lives, are shown once", () =>
      Effect.gen(function* () {
        const world = yield* emptyWorld
        const { encode, end, hears, pair, send } = yield* begin(world)
        const bytes = yield* encode(7)
        yield* pair
        yield* hears("Connected")
        assert.strictEqual((yield* send(7, bytes))._tag, "Acked")
        yield* end
        const next = yield* begin(world)
        yield* next.open
        yield* next.hears("Connected")
        for (const _ of ["again", "and again"]) assert.strictEqual((yield* next.send(7, bytes))._tag, "Acked")
        assert.deepStrictEqual([...(yield* world.shown)], [[idOf(7), "text 7"]])
      })
    )

    it.effect("answers each of many tries at a time about its own id", () =>
      Effect.gen(function* () {
        const world = yield* emptyWorld
        const { send } = yield* linked(world)
        const numbers = Array.from({ length: 30 }, (_, i) => i + 1)
        const outcomes = yield* Effect.forEach(numbers, (n) => send(n), { concurrency: "unbounded" })
        assert.isTrue(outcomes.every(({ _tag }) => _tag === "Acked"))
        const shown = yield* world.shown
        assert.deepStrictEqual(
          numbers.map((n) => shown.get(idOf(n))),
          numbers.map((n) => `text ${n}`)
        )
      })
    )
  })
