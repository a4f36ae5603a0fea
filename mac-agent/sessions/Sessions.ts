import { Clock, Context, Effect, FiberSet, Layer, Queue, Schedule, Stream } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Ledger, type LedgerDevice, type LedgerReport } from "#domain/ports/Ledger.ts"
import { type SessionEvent, WhatsApp } from "#domain/ports/WhatsApp.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Refusals } from "../link/Refusals.ts"
import { Reporter } from "../link/Reporter.ts"
import { Sender } from "../sending/Sender.ts"
import * as SentMessages from "../sending/SentMessages.ts"
import { tellConnected, tellDisconnected } from "./Told.ts"

type Change = "paired" | "connected" | "disconnected" | "logged_out"

const openingAgain = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/** The devices this agent holds: opens their sessions, and reports what these tell. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /** Takes a device durably and begins to pair it. The same again changes nothing. */
    readonly pair: (device: LedgerDevice) => Effect.Effect<void>
  }
>()("homing/mac-agent/sessions/Sessions") {}

export const layer = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const patience = yield* LedgerPatience
    const refusals = yield* Refusals
    const reporter = yield* Reporter
    const sender = yield* Sender
    const sentMessage = yield* SentMessages.make
    const whatsapp = yield* WhatsApp
    const devices = new Map<DeviceId, LedgerDevice>()

    const scope = yield* Effect.scope
    const run = yield* FiberSet.makeRuntime<never>() // goes on while the scope closes

    /** What the sessions tell, and that one of them cannot be opened. */
    const own = yield* Queue.unbounded<SessionEvent>()
    const events = Stream.merge(whatsapp.events, Stream.fromQueue(own))

    /** In the background: the first session loads the protocol library, which takes its time. */
    const open = ({ device, pairing }: LedgerDevice) => {
      const opening = whatsapp
        .open(device, {
          ...(pairing !== undefined && { pairing }),
          sent: (waMessageId) => sentMessage(device, waMessageId)
        })
        .pipe(Effect.tapError((error) => Effect.logError("a session cannot be opened; it is tried again", error)))
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

    /** Counts and keeps the report with the device's record, in one durable write, then publishes it. */
    const report = Effect.fnUntraced(function* (held: LedgerDevice, change: Change, reason?: string) {
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
      const { pairing, ...rest } = held
      const settled = { ...rest, pairing: change === "paired" ? undefined : pairing, reported: held.reported + 1 }
      yield* durably(settled, [statement])
      devices.set(held.device, settled)
      reporter.publish([statement])
    })

    const handle = Effect.fnUntraced(function* (event: SessionEvent) {
      const held = devices.get(event.device)
      if (held === undefined) return
      switch (event._tag) {
        case "PairingCode":
          return yield* reporter.showCode({ ...held, subject: "-" }, event)
        case "Paired":
          return yield* report(held, "paired")
        case "Connected":
          yield* tellConnected(event.device)
          yield* sender.connected(event.device)
          return yield* report(held, "connected")
        case "Disconnected":
          sender.disconnected(event.device)
          yield* tellDisconnected(event.device, event.reason)
          return yield* report(held, event.reason === "logged_out" ? "logged_out" : "disconnected", event.reason)
        case "Receipt":
          return yield* sender.heard(event, { claim: event.kind, at: event.at })
        case "Refused":
          return yield* refusals.disbelieve(event.reason)
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
      yield* open(held)
    }

    return {
      pair: Effect.fnUntraced(function* (asked) {
        if (devices.has(asked.device)) return
        devices.set(asked.device, asked)
        yield* durably(asked, [])
        yield* Effect.logInfo("a device is to be paired", { device: asked.device })
        yield* open(asked)
      })
    }
  })
)
