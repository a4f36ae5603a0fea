import { Context, Effect, Layer } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { Registrations } from "../views/Registrations.ts"
import * as DevicesRows from "./DevicesRows.ts"

/** All devices, in memory: there are few, and every send asks for one. */
export class DeviceRegistry extends Context.Service<DeviceRegistry, DevicesRows.DeviceRecords>()(
  "homing/services/devices/DeviceRegistry"
) {
  static readonly layer = Layer.effect(
    this,
    Effect.map(Registrations, ({ register }) => {
      const devices = new Map<DeviceId, DevicesRows.DeviceRecord>()
      const put = (changes: DevicesRows.DeviceRecords) => {
        for (const [id, record] of changes) devices.set(id, record)
      }
      register({
        rows: DevicesRows.view,
        memory: {
          hydrate: (sql) => Effect.map(DevicesRows.all(sql), put),
          follow: (events) => put(DevicesRows.fold(devices, events))
        }
      })
      return devices
    })
  )
}
