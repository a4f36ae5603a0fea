import { Clock, Context, Effect, Layer, Schedule } from "effect"
import { Device } from "#domain/device/Device.ts"
import { type Connection, connections } from "#domain/device/Link.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { type AgentId, DeviceId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import type { PhoneNumber } from "#domain/message/Recipient.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Caller } from "../runtime/Caller.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { inForce, Views } from "../views/Views.ts"
import { DeviceActors } from "./DeviceActors.ts"
import { DeviceRegistry } from "./DeviceRegistry.ts"
import type { DeviceRecord } from "./DevicesRows.ts"
import { PairingCodes } from "./PairingCodes.ts"

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

/** How long `create` waits for the first code before it answers without one. */
const firstCodePatience = "3 seconds"

/** New devices go to `agent`. */
export const layer = (agent: AgentId) =>
  Layer.effect(
    Devices,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const personal = yield* Personal
      const registry = yield* DeviceRegistry
      const codes = yield* PairingCodes
      const views = yield* Views
      const actors = yield* DeviceActors

      const present = Effect.fnUntraced(function* (record: DeviceRecord) {
        const { connection: state, created, id, reason, since } = record
        const name = yield* personal.reveal(record.name, { tenant: record.tenant, event: created, field: "name" })
        const pairing = record.paired ? undefined : yield* codes.current(id)
        const document: DeviceDocument = { id, name, state, reason, since, pairing }
        return document
      })

      return {
        create: Effect.fn("Devices.create")(function* (caller, { name, pairing }) {
          const id = DeviceId.make(uuidV7(crypto, yield* Clock.currentTimeMillis))
          const seal = yield* personal.sealFor("device", id)
          const sealPhone = pairing.method === "code" ? yield* personal.sealFor("phone", pairing.phone) : undefined
          const outcome = yield* actors
            .execute(
              Device.streamOf(id),
              ({ eventId }) => {
                const event = eventId(0)
                return {
                  _tag: "Create",
                  created: {
                    name: seal(event, "name", name),
                    via: {
                      agent,
                      pairing:
                        pairing.method === "code" && sealPhone !== undefined
                          ? { method: "code", phone: sealPhone(event, "phone", pairing.phone) }
                          : { method: "qr" },
                      transport: "whatsapp-web"
                    }
                  }
                }
              },
              { actor: { kind: "api_key", id: caller.key }, correlationId: id, causationId: id }
            )
            .pipe(Effect.catchTag("DeviceRejected", (impossible) => Effect.die(impossible)))
          if (outcome.position !== undefined) yield* inForce(views, outcome.position)
          const paired = Effect.sync(() => registry.get(id)?.paired === true).pipe(
            Effect.repeat({ until: (yes) => yes, schedule: Schedule.spaced("20 millis") })
          )
          yield* Effect.timeoutOption(Effect.raceFirst(codes.first(id), paired), firstCodePatience)
          return yield* present(registry.get(id)!)
        }),

        find: (id) => {
          const record = registry.get(id)
          return record === undefined ? Effect.succeed(undefined) : present(record)
        },

        list: Effect.suspend(() => Effect.forEach([...registry.values()], present)),

        count: () => {
          const counts = Object.fromEntries(connections.map((state) => [state, 0])) as Record<Connection, number>
          for (const { connection } of registry.values()) counts[connection]++
          return counts
        }
      }
    })
  )
