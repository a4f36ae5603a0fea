import { Clock, Context, Effect, FiberSet, Layer, Schedule } from "effect"
import type { DeviceId, EventId, InboundId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { Ledger } from "#domain/ports/Ledger.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import type { ReadBox } from "#domain/wire/Protocol.ts"
import { LedgerPatience } from "../LedgerPatience.ts"
import { Reporter } from "../link/Reporter.ts"

/** To tell WhatsApp that the account has read something. */
export interface Order {
  readonly commandId: EventId
  readonly attempt: number
  readonly position: bigint
  readonly device: DeviceId
  readonly expiresAt: Instant
  readonly fact: InboundId
  readonly message: ReadBox
}

/** So many of a device wait here; the gateway asks again for what has no room. */
const mostWaiting = 2_048
/** So many of a device are on their way to WhatsApp at a time. */
const mostAtOnce = 8

interface Device {
  readonly waiting: Map<EventId, Order>
  readonly underway: Set<EventId>
  /** Until the next look: WhatsApp may not have been told. */
  readonly putOff: Set<EventId>
  isOnline: boolean
}

/**
 * Marks as read what the gateway asks for, when its device is connected. In memory alone: what is asked stands in the
 * gateway's log, which asks again until this agent's report is in it, and to be told twice does WhatsApp no harm. The report
 * is in the ledger before it leaves.
 */
export class Reading extends Context.Service<
  Reading,
  {
    readonly mark: (order: Order) => Effect.Effect<void>
    readonly connected: (device: DeviceId) => void
    /** `isOver`: for good. */
    readonly disconnected: (device: DeviceId, isOver: boolean) => void
  }
>()("homing/mac-agent/reading/Reading") {}

export const layer = Layer.effect(
  Reading,
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const patience = yield* LedgerPatience
    const reporter = yield* Reporter
    const whatsapp = yield* WhatsApp
    const run = yield* FiberSet.makeRuntime<never>()
    const devices = new Map<DeviceId, Device>()

    const deviceOf = (id: DeviceId): Device => {
      const known = devices.get(id)
      if (known !== undefined) return known
      const device: Device = { waiting: new Map(), underway: new Set(), putOff: new Set(), isOnline: false }
      devices.set(id, device)
      return device
    }

    const tell = Effect.fnUntraced(function* ({ fact, ...order }: Order) {
      const at = fromMillis(yield* Clock.currentTimeMillis)
      const report = reporter.compose({ ...order, subject: "-" }, { kind: "read_marked", fact, at })
      yield* patience.surely(ledger.keep([report]))
      reporter.publish([report])
    })

    const attempt = Effect.fnUntraced(function* ({ putOff, waiting }: Device, order: Order) {
      const isTold = yield* whatsapp.markRead(order.device, order.message)
      if (!isTold) return void putOff.add(order.commandId)
      const latest = waiting.get(order.commandId) ?? order // it may have been asked once more meanwhile
      waiting.delete(order.commandId)
      yield* tell(latest)
    })

    /** Begins what may be begun. */
    const look = (device: Device): void => {
      const { putOff, underway, waiting } = device
      for (const order of waiting.values()) {
        if (!device.isOnline || underway.size >= mostAtOnce) return
        const { commandId } = order
        if (underway.has(commandId) || putOff.has(commandId)) continue
        underway.add(commandId)
        const ended = Effect.sync(() => {
          underway.delete(commandId)
          look(device)
        })
        const broken = (defect: unknown) => Effect.logError("marking something as read broke", defect)
        run(attempt(device, order).pipe(Effect.catchDefect(broken), Effect.ensuring(ended)))
      }
    }

    const lookAgain = Effect.map(Clock.currentTimeMillis, (millis) => {
      const now = fromMillis(millis)
      for (const device of devices.values()) {
        for (const order of device.waiting.values()) {
          if (order.expiresAt <= now) device.waiting.delete(order.commandId)
        }
        device.putOff.clear()
        look(device)
      }
    })
    yield* Effect.forkScoped(Effect.repeat(lookAgain, Schedule.spaced("15 seconds")))

    return {
      mark: (order) =>
        Effect.sync(() => {
          const device = deviceOf(order.device)
          if (device.waiting.size >= mostWaiting && !device.waiting.has(order.commandId)) return
          device.waiting.set(order.commandId, order)
          look(device)
        }),
      connected: (id) => {
        const device = deviceOf(id)
        device.isOnline = true
        device.putOff.clear()
        look(device)
      },
      disconnected: (id, isOver) => {
        if (isOver) devices.delete(id)
        else deviceOf(id).isOnline = false
      }
    }
  })
)
