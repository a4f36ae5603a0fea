import { Effect, FiberSet, Layer } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { type SendOutcome, WhatsApp } from "#domain/ports/WhatsApp.ts"
import { GatewayClock } from "../link/GatewayClock.ts"
import { Sender } from "./Sender.ts"

/** Nothing is attempted while the gateway's time is unknown: a machine that slept does not send yesterday's code. */

const unknownTime: SendOutcome = { _tag: "NotSent", reason: "time_unknown", final: false }

/** The last moment before a message would leave. */
export const whatsApp = Layer.effect(
  WhatsApp,
  Effect.gen(function* () {
    const clock = yield* GatewayClock
    const whatsapp = yield* WhatsApp
    return {
      ...whatsapp,
      send: (device, message) =>
        Effect.suspend(() => (clock.isSet() ? whatsapp.send(device, message) : Effect.succeed(unknownTime)))
    }
  })
)

/** To the sender, a device is connected only while the time is known: until then what it has to send waits in line. */
export const sender = Layer.effect(
  Sender,
  Effect.gen(function* () {
    const clock = yield* GatewayClock
    const real = yield* Sender
    const run = yield* FiberSet.makeRuntime<never>()
    const connected = new Set<DeviceId>()

    clock.listen((isSet) => {
      for (const device of connected) {
        if (isSet) run(real.connected(device))
        else real.disconnected(device)
      }
    })

    return {
      ...real,
      accept: (entries) =>
        Effect.suspend(() => {
          clock.isSet() // for the look: what it finds closes the gate before these may pass
          return real.accept(entries)
        }),
      connected: (device) =>
        Effect.suspend(() => {
          connected.add(device)
          return clock.isSet() ? real.connected(device) : Effect.void
        }),
      disconnected: (device) => {
        connected.delete(device)
        real.disconnected(device)
      }
    }
  })
)
