import { Context, type Effect } from "effect"
import type { Connection } from "#domain/device/Link.ts"
import type { DeviceId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { PhoneNumber } from "#domain/message/Content.ts"
import type { Caller } from "../runtime/Caller.ts"
import type { Unavailable } from "../views/Unavailable.ts"

export interface DeviceDocument {
  readonly id: DeviceId
  readonly name: string | undefined
  readonly state: Connection
  readonly reason: string | undefined
  /** When it came into this state. */
  readonly since: Instant
  /** What to show to pair it, while there is one that still works. */
  readonly pairing: { readonly method: "qr" | "code"; readonly code: string } | undefined
}

/** Everything the front door may do with devices. */
export class Devices extends Context.Service<
  Devices,
  {
    /** Records the device and asks its agent to pair it; waits a moment for the first code. */
    readonly create: (
      caller: Caller,
      request: {
        readonly name: string
        readonly pairing: { readonly method: "qr" } | { readonly method: "code"; readonly phone: PhoneNumber }
      }
    ) => Effect.Effect<DeviceDocument, Unavailable>

    readonly find: (id: DeviceId) => Effect.Effect<DeviceDocument | undefined, Unavailable>

    /** Every device, oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<DeviceDocument>, Unavailable>

    /** How many are in which state. Asks no port: nothing of a device is opened to be counted. */
    readonly count: () => Readonly<Record<Connection, number>>
  }
>()("homing/services/devices/Devices") {}
