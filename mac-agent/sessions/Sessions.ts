import { Clock, Context, Effect, FiberSet, Layer, Queue, Schedule, Semaphore, Stream } from "effect"
import { givenUp } from "#domain/device/Link.ts"
import type { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerDevice, type LedgerReport } from "#domain/ports/Ledger.ts"
import { type Pairing, type SessionEvent, WhatsApp } from "#domain/ports/WhatsApp.ts"
import { Hearing } from "../hearing/Hearing.ts"
import { Presences } from "../hearing/Presences.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Refusals } from "../link/Refusals.ts"
import { Reporter } from "../link/Reporter.ts"
import { Reading } from "../reading/Reading.ts"
import { Sender } from "../sending/Sender.ts"
import * as SentMessages from "../sending/SentMessages.ts"
import { tellConnected, tellDisconnected } from "./Told.ts"

interface Change {
  readonly change: "paired" | "connected" | "disconnected" | "logged_out"
  readonly reason?: string
  /** Its session stays closed. */
  readonly isOver?: boolean
}

const openingAgain = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/** Where a command about a device stands. */
type Order = Omit<LedgerDevice, "pairing" | "standing" | "reported">

/** The bus may repeat what was said before something else. Places of another epoch tell nothing. */
const isNews = (held: LedgerDevice, { commandId, epoch, position }: Order): boolean =>
  commandId !== held.commandId && (epoch !== held.epoch || position > held.position)

/** The devices this agent holds: opens their sessions, and reports what these tell. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /** Takes a device durably and begins to pair it, perhaps again. The same again changes nothing. */
    readonly pair: (order: Order, pairing: Pairing) => Effect.Effect<void>
    /**
     * Takes durably that WhatsApp and this agent shall forget the device, held or not. It is reported as logged out when
     * that is done: `unlinked`, or `forgotten` when WhatsApp could not be told.
     */
    readonly unlink: (order: Order) => Effect.Effect<void>
    /** Opens its session again, if that has ended. */
    readonly reconnect: (order: Order) => Effect.Effect<void>
  }
>()("homing/mac-agent/sessions/Sessions") {}

export const layer = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const hearing = yield* Hearing
    const ledger = yield* Ledger
    const patience = yield* LedgerPatience
    const presences = yield* Presences
    const reading = yield* Reading
    const refusals = yield* Refusals
    const reporter = yield* Reporter
    const sender = yield* Sender
    const sentMessage = yield* SentMessages.make
    const whatsapp = yield* WhatsApp
    const devices = new Map<DeviceId, LedgerDevice>()
    /** Not seen to be linked: never held as far as this ledger knows, or without credentials that open. */
    const strangers = new Set<DeviceId>()

    const scope = yield* Effect.scope
    const run = yield* FiberSet.makeRuntime<never>() // goes on while the scope closes

    /** What the sessions tell, and that one of them cannot be opened. */
    const own = yield* Queue.unbounded<SessionEvent>()
    const events = Stream.merge(whatsapp.events, Stream.fromQueue(own))

    /** In the background: the first session loads the protocol library, which takes its time. */
    const open = ({ commandId, device, pairing, standing }: LedgerDevice) => {
      /** What was asked since then opens its own. */
      const isOutdated = () => {
        const held = devices.get(device)
        return held?.commandId !== commandId || held.standing !== standing
      }
      const first = whatsapp
        .open(device, {
          ...(pairing !== undefined && { pairing }),
          linked: pairing === undefined && standing === "open",
          sent: (waMessageId) => sentMessage(device, waMessageId)
        })
        .pipe(
          Effect.andThen(standing === "leaving" ? whatsapp.logOut(device) : Effect.void),
          Effect.tapError((error) => Effect.logError("a session cannot be opened; it is tried again", error))
        )
      const opening = Effect.suspend(() => (isOutdated() ? Effect.void : first))
      return opening.pipe(
        Effect.catchTag("WhatsAppUnavailable", () =>
          Effect.andThen(
            Queue.offer(own, { _tag: "Disconnected", device, reason: "not_opened", final: false }),
            Effect.retry(opening, openingAgain)
          )
        ),
        Effect.forkIn(scope)
      )
    }

    /** What sessions tell waits until the ledger has taken what was told before. */
    const durably = (device: LedgerDevice, reports: ReadonlyArray<LedgerReport>) =>
      patience.surely(ledger.saveDevice(device, reports))

    /** What is held of a device changes in turn: of what another change, still being written, makes old, nothing is made. */
    const inTurn = (yield* Semaphore.make(1)).withPermits(1)

    /** What an order makes of a device; of one that is no news, nothing. */
    const hold = (order: Order, make: (held: LedgerDevice | undefined) => LedgerDevice) =>
      inTurn(
        Effect.gen(function* () {
          const held = devices.get(order.device)
          if (held !== undefined && !isNews(held, order)) return undefined
          const asked = make(held)
          devices.set(order.device, asked)
          yield* durably(asked, [])
          return asked
        })
      )

    /**
     * Counts and keeps the report with the device's record, in one durable write, then publishes it. Answers what was held
     * before.
     */
    const report = Effect.fnUntraced(function* (device: DeviceId, changeOf: (held: LedgerDevice) => Change) {
      const held = devices.get(device)!
      const { change, isOver = false, reason } = changeOf(held)
      const now = yield* Clock.currentTimeMillis
      const statement = reporter.compose(
        { ...held, subject: "-" },
        {
          kind: "device",
          change,
          step: held.reported,
          at: fromMillis(now),
          ...(reason !== undefined && { reason })
        }
      )
      const settled: LedgerDevice = {
        ...held,
        pairing: isOver || change === "paired" ? undefined : held.pairing,
        standing: isOver ? "closed" : held.standing,
        reported: held.reported + 1
      }
      yield* durably(settled, [statement])
      devices.set(device, settled)
      reporter.publish([statement])
      return held
    }, inTurn)

    const ended = (held: LedgerDevice, { final, reason }: Extract<SessionEvent, { _tag: "Disconnected" }>): Change => {
      if (reason === "logged_out" || (final && held.standing === "leaving")) {
        const isUnlinked = held.standing === "leaving" && reason === "logged_out" && !strangers.has(held.device)
        const told = isUnlinked ? "unlinked" : held.standing === "leaving" ? "forgotten" : reason
        return { change: "logged_out", reason: told, isOver: true }
      }
      return { change: "disconnected", reason, isOver: final && givenUp.includes(reason) }
    }

    const handle = Effect.fnUntraced(function* (event: SessionEvent) {
      const held = devices.get(event.device)
      if (held === undefined) return
      switch (event._tag) {
        case "PairingCode":
          return yield* reporter.showCode({ ...held, subject: "-" }, event)
        case "Paired":
          return yield* report(event.device, () => ({ change: "paired" }))
        case "Connected": {
          strangers.delete(event.device)
          yield* tellConnected(event.device)
          yield* sender.connected(event.device)
          reading.connected(event.device)
          const { reported, ...order } = yield* report(event.device, () => ({ change: "connected" }))
          if (event.number === undefined) return
          return reporter.tellNumber({ ...order, subject: "-" }, { asOf: reported, number: event.number })
        }
        case "Disconnected":
          sender.disconnected(event.device)
          reading.disconnected(event.device, event.reason === "logged_out")
          if (event.reason === "not_opened") strangers.add(event.device)
          yield* tellDisconnected(event.device, event.reason)
          return yield* report(event.device, (held) => ended(held, event))
        case "Receipt":
          return yield* sender.heard(event, { claim: event.kind, at: event.at })
        case "Refused":
          return yield* refusals.disbelieve(event.reason)
        case "Heard":
          return hearing.hear(event)
        case "Presence":
          return yield* presences.tell(event)
        case "LateAck": {
          const { at, error } = event
          return yield* sender.heard(
            event,
            error === undefined ? { claim: "sent", at } : { claim: "failed", code: error, at }
          )
        }
      }
    })

    const heard = (event: SessionEvent) =>
      Effect.andThen(handle(event), event._tag === "Receipt" ? event.taken : Effect.void).pipe(
        Effect.catchDefect((defect) => Effect.logError("what a session told broke", defect))
      )

    /** Words on messages share their commits, and none waits for the word on another. */
    const hear = (event: SessionEvent) =>
      event._tag === "Receipt" || event._tag === "LateAck" ? Effect.sync(() => run(heard(event))) : heard(event)

    yield* Effect.forkScoped(Stream.runForEach(events, hear), { startImmediately: true })
    yield* Effect.addFinalizer(() => sender.drain) // while what sessions tell is still heard
    for (const held of yield* ledger.devices) {
      devices.set(held.device, held)
      if (held.standing !== "closed") yield* open(held)
    }

    return {
      pair: Effect.fnUntraced(function* (order, pairing) {
        const { device } = order
        const asked = yield* hold(order, (held) => {
          sender.linking(device)
          return { ...order, pairing, standing: "open", reported: held?.reported ?? 0 }
        })
        if (asked === undefined) return
        yield* Effect.logInfo("a device is to be paired", { device })
        yield* open(asked)
      }),

      unlink: Effect.fnUntraced(function* (order) {
        const { device } = order
        const leaving = yield* hold(order, (held) => {
          if (held === undefined) strangers.add(device)
          return {
            ...order,
            pairing: undefined,
            standing: "leaving",
            // above all that was ever told of it, each of which the log holds before this order: a ledger that was lost
            // counts from 0, and would say what the gateway has heard already
            reported: Math.max(held?.reported ?? 0, Number(order.position))
          }
        })
        if (leaving === undefined) return
        yield* sender.unlinked(device)
        yield* Effect.logInfo("a device is to be unlinked", { device })
        yield* open(leaving)
      }),

      reconnect: Effect.fnUntraced(function* (order) {
        const held = devices.get(order.device)
        if (held?.standing !== "open" || !isNews(held, order)) return
        yield* Effect.logInfo("a device is to connect again", { device: order.device })
        yield* open(held)
      })
    }
  })
)
