import { Effect, Layer } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { Leases } from "#domain/ports/Leases.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import * as DeviceActors from "./DeviceActors.ts"
import { DeviceRegistry } from "./DeviceRegistry.ts"
import * as Devices from "./Devices.ts"
import * as DevicesHttp from "./DevicesHttp.ts"
import * as PairingCodes from "./PairingCodes.ts"
import * as SharedPairingCodes from "./SharedPairingCodes.ts"

/** What registers itself, to be written as rows and known in memory. */
export const projections = DeviceRegistry.layer

const pairingCodes = Layer.unwrap(
  Effect.map(Leases, ({ renewalMillis }) =>
    renewalMillis === undefined ? PairingCodes.layer : SharedPairingCodes.layer
  )
)

/** New devices go to `agent`. */
export const layer = (agent: AgentId, phoneNumber: ReadPhoneNumber) =>
  DevicesHttp.layer(phoneNumber).pipe(
    Layer.provideMerge(Devices.layer(agent)),
    Layer.provideMerge([DeviceActors.layer, pairingCodes])
  )
