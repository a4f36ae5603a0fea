import { Clock, Effect, Layer, Schedule } from "effect"
import { type Connection, connections, Device } from "#domain/device/Device.ts"
import { subjectIdOf, uuidV7 } from "#domain/Identifiers.ts"
import { type AgentId, DeviceId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { open, seal } from "#domain/privacy/Sealing.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { inForce, Views } from "../views/View.ts"
import { DeviceActors } from "./DeviceActors.ts"
import { type DeviceDocument, Devices } from "./Devices.ts"
import type { DeviceRecord, DeviceRegistry } from "./DevicesView.ts"
import { PairingCodes } from "./PairingCodes.ts"

/** How long `create` waits for the first code before it answers without one. */
const firstCodePatience = "3 seconds"

/** New devices go to `agent`; the registry is the devices view's memory. */
export const layer = (options: { readonly agent: AgentId; readonly registry: DeviceRegistry }) =>
  Layer.effect(
    Devices,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const keys = yield* SubjectKeys
      const codes = yield* PairingCodes
      const views = yield* Views
      const { pepper, tenant } = yield* Provenance
      const actors = yield* DeviceActors

      const subjectKey = Effect.fnUntraced(function* (kind: string, identity: string) {
        const subject = subjectIdOf(crypto, pepper, tenant, kind, identity)
        return { subject, key: yield* keys.obtain(tenant, subject) }
      })

      const present = Effect.fnUntraced(function* (record: DeviceRecord) {
        const { connection: state, created, id, reason, since } = record
        const place = { tenant: record.tenant, event: created, field: "name" }
        const name = yield* open(record.name, place).pipe(
          Effect.provideService(Crypto, crypto),
          Effect.provideService(SubjectKeys, keys),
          Effect.catchTag("Unreadable", (problem) =>
            problem.reason === "damaged" ? Effect.die(problem) : Effect.succeed(undefined)
          )
        )
        const pairing = record.paired ? undefined : yield* codes.current(id)
        const document: DeviceDocument = { id, name, state, reason, since, pairing }
        return document
      })

      return {
        create: Effect.fn("Devices.create")(function* (caller, { name, pairing }) {
          const id = DeviceId.make(uuidV7(crypto, yield* Clock.currentTimeMillis))
          const own = yield* subjectKey("device", id)
          const phone = pairing.method === "code" ? yield* subjectKey("phone", pairing.phone) : undefined
          const outcome = yield* actors
            .execute(
              Device.streamOf(id),
              ({ eventId }) => {
                const place = (field: string) => ({ tenant, event: eventId(0), field })
                return {
                  _tag: "Create",
                  created: {
                    name: seal(crypto, own.subject, own.key, place("name"), name),
                    via: {
                      agent: options.agent,
                      pairing:
                        pairing.method === "code" && phone !== undefined
                          ? {
                              method: "code",
                              phone: seal(crypto, phone.subject, phone.key, place("phone"), pairing.phone)
                            }
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
          const paired = Effect.sync(() => options.registry.get(id)?.paired === true).pipe(
            Effect.repeat({ until: (yes) => yes, schedule: Schedule.spaced("20 millis") })
          )
          yield* Effect.timeoutOption(Effect.raceFirst(codes.first(id), paired), firstCodePatience)
          return yield* present(options.registry.get(id)!)
        }),

        find: (id) => {
          const record = options.registry.get(id)
          return record === undefined ? Effect.succeed(undefined) : present(record)
        },

        list: Effect.suspend(() => Effect.forEach([...options.registry.values()], present)),

        count: () => {
          const counts = Object.fromEntries(connections.map((state) => [state, 0])) as Record<Connection, number>
          for (const { connection } of options.registry.values()) counts[connection]++
          return counts
        }
      }
    })
  )
