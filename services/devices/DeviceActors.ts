import { Context, Layer } from "effect"
import { Device, type DeviceCommand, type DeviceRejected, type DeviceState } from "#domain/device/Device.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** The devices in memory, one actor each, shared by all that speak to them. */
export class DeviceActors extends Context.Service<
  DeviceActors,
  AggregateActors.AggregateActors<DeviceState, DeviceCommand, DeviceRejected>
>()("homing/services/devices/DeviceActors") {}

export const layer = Layer.effect(DeviceActors, AggregateActors.make(Device))
