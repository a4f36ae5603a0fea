import { Clock, Context, Duration, Effect, Layer, Option, Schedule, Schema, Stream } from "effect"
import { Device, type DeviceCommand, type DeviceRejected, type Pairing } from "#domain/device/Device.ts"
import { type Connection, connections, isBeingPaired } from "#domain/device/Link.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import { type AgentId, DeviceId, type EventId } from "#domain/Ids.ts"
import type { PhoneNumber } from "#domain/message/Recipient.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { graceMillis, requestMillis } from "../http/Patience.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Decision } from "../runtime/AggregateActors.ts"
import type { Caller } from "../runtime/Caller.ts"
import { pastOf } from "../runtime/Past.ts"
import * as Requests from "../runtime/Requests.ts"
import { observe } from "../telemetry/Metrics.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { inForce, Views } from "../views/Views.ts"
import { DeviceActors } from "./DeviceActors.ts"
import { type DeviceDocument, present as document } from "./DeviceDocument.ts"
import { DeviceRegistry } from "./DeviceRegistry.ts"
import type { DeviceRecord, DeviceRecords } from "./DevicesRows.ts"
import { PairingCodes } from "./PairingCodes.ts"

/** A device is not connected, was unlinked, or waits to be paired and does not get on. */
export const deviceWarnings = ["device_disconnected", "device_logged_out", "device_not_paired"] as const
export type DeviceWarning = (typeof deviceWarnings)[number]

const warningOf = ({ connection, reason }: Pick<DeviceRecord, "connection" | "reason">): DeviceWarning | undefined => {
  if (connection === "disconnected") return "device_disconnected"
  if (connection === "logged_out") return "device_logged_out"
  return connection === "pairing" && reason !== undefined ? "device_not_paired" : undefined
}

/** How a device is to be linked. */
export type Linking = { readonly method: "qr" } | { readonly method: "code"; readonly phone: PhoneNumber }

/** The device stands otherwise than what is asked of it supposes. */
export class DeviceRefused extends Schema.TaggedError<DeviceRefused>()("DeviceRefused", {
  code: Schema.Literals([
    "device_not_found",
    "device_not_paired",
    "device_paired",
    "device_pairing",
    "device_unlinking"
  ])
}) {}
const codeOf = {
  no_agent: "device_not_found",
  not_created: "device_not_found",
  not_linked: "device_not_paired",
  linked: "device_paired",
  being_paired: "device_pairing",
  being_unlinked: "device_unlinking"
} as const
const isCoded = (reason: DeviceRejected["reason"]): reason is keyof typeof codeOf => Object.hasOwn(codeOf, reason)

/** What was asked of a device, and whether it has come to that. */
export interface Managed {
  readonly device: DeviceDocument
  readonly isDone: boolean
}

/** Everything the front door may do with devices. */
export class Devices extends Context.Service<
  Devices,
  {
    /**
     * Records the device and asks its agent to pair it; waits a moment for the first code. Once for each idempotency key:
     * a repeat answers how the device is now.
     */
    readonly create: (
      caller: Caller,
      request: { readonly idempotencyKey: string; readonly name: string; readonly pairing: Linking }
    ) => Effect.Effect<DeviceDocument, Requests.OtherContent | Unavailable>

    readonly rename: (caller: Caller, id: DeviceId, name: string) => Effect.Effect<DeviceDocument, Refused>

    /** Asks the agent of a device that is not linked to pair it again; waits a moment for the first code. */
    readonly pair: (caller: Caller, id: DeviceId, pairing: Linking) => Effect.Effect<DeviceDocument, Refused>

    /** Opens the session of a linked device again, if that has ended; waits a moment until it is connected. */
    readonly reconnect: (caller: Caller, id: DeviceId) => Effect.Effect<Managed, Refused>

    /** Unlinks a device for good, and once only; waits a moment until that is done. */
    readonly unlink: (caller: Caller, id: DeviceId) => Effect.Effect<Managed, Refused>

    readonly find: (id: DeviceId) => Effect.Effect<DeviceDocument | undefined, Unavailable>

    /** Every device that was not unlinked, oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<DeviceDocument>, Unavailable>

    /** How many are in which state. Asks no port: nothing of a device is opened to be counted. */
    readonly count: () => Readonly<Record<Connection, number>>

    /**
     * Whether none was ever made, as the log has it: rows that somebody changed are no reason to make one, nor that the last
     * one was unlinked.
     */
    readonly isNone: Effect.Effect<boolean, EventStoreUnavailable>

    /** What somebody should look after, of any device. Asks no port either. */
    readonly warnings: () => ReadonlyArray<DeviceWarning>
  }
>()("homing/services/devices/Devices") {}

type Refused = DeviceRefused | Unavailable

/** How long the first code is waited for before the answer is given without one. */
const firstCodePatience = "3 seconds"
/** How long the agent's word is waited for: the answer that it has not come has to be in time as well. */
const patience = Duration.millis(requestMillis - graceMillis)

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
      const requests = yield* Requests.Requests
      const store = yield* EventStore

      const present = Effect.fnUntraced(function* (record: DeviceRecord) {
        const isLinked = record.paired || record.removal !== undefined
        return yield* document(personal, record, isLinked ? undefined : yield* codes.current(record.id))
      })

      const count = () => {
        const counts = Object.fromEntries(connections.map((state) => [state, 0])) as Record<Connection, number>
        for (const { connection } of remaining(registry)) counts[connection]++
        return counts
      }
      for (const state of connections) {
        observe("homing_devices", "Devices, by how they stand with WhatsApp.", () => count()[state], { state })
      }

      const isNoneInLog = Effect.gen(function* () {
        const head = yield* store.head
        if (head === undefined) return true
        return Option.isNone(yield* Stream.runHead(pastOf([Device.category], head)))
      }).pipe(Effect.provideService(EventStore, store))

      /** What a repeat finds may be just as new. */
      const heardOf = Effect.flatMap(store.head, (head) => (head === undefined ? Effect.void : inForce(views, head)))

      /** What it answers is in force here. */
      const execute = Effect.fnUntraced(function* (
        { key }: Caller,
        id: DeviceId,
        command: (decision: Decision) => DeviceCommand
      ) {
        const { position } = yield* actors.execute(Device.streamOf(id), command, {
          actor: { kind: "api_key", id: key },
          correlationId: id,
          causationId: id
        })
        if (position === undefined) yield* heardOf
        else yield* inForce(views, position)
      })
      const ask = (caller: Caller, id: DeviceId, command: (decision: Decision) => DeviceCommand) =>
        Effect.catchTag(execute(caller, id, command), "DeviceRejected", (rejected) => {
          const { reason } = rejected
          return isCoded(reason) ? new DeviceRefused({ code: codeOf[reason] }) : Effect.die(rejected)
        })

      /** Seals the number that is to be linked, if it is known. */
      const sealing = Effect.fnUntraced(function* (linking: Linking) {
        if (linking.method === "qr") return (): Pairing => ({ method: "qr" })
        const { phone } = linking
        const seal = yield* personal.sealFor("phone", phone)
        return (event: EventId): Pairing => ({ method: "code", phone: seal(event, "phone", phone) })
      })

      const comesTo = (id: DeviceId, is: (record: DeviceRecord) => boolean) =>
        Effect.sync(() => is(registry.get(id)!)).pipe(
          Effect.repeat({ until: (yes) => yes, schedule: Schedule.spaced("20 millis") })
        )
      const firstCode = (id: DeviceId) =>
        Effect.timeoutOption(
          Effect.raceFirst(
            codes.first(id),
            comesTo(id, ({ paired }) => paired)
          ),
          firstCodePatience
        )
      const outcome = Effect.fnUntraced(function* (id: DeviceId, isDone: (record: DeviceRecord) => boolean) {
        yield* Effect.timeoutOption(comesTo(id, isDone), patience)
        const record = registry.get(id)!
        const managed: Managed = { device: yield* present(record), isDone: isDone(record) }
        return managed
      })

      return {
        create: Effect.fn("Devices.create")(function* (caller, { idempotencyKey: key, name, pairing }) {
          const fresh = uuidV7(crypto, yield* Clock.currentTimeMillis)
          const id = DeviceId.make(
            yield* requests.accept(caller, { what: "device", key, asked: { name, pairing }, fresh })
          )
          const seal = yield* personal.sealFor("device", id)
          const sealed = yield* sealing(pairing)
          yield* execute(caller, id, ({ eventId }) => {
            const event = eventId(0)
            const via = { agent, pairing: sealed(event), transport: "whatsapp-web" } as const
            return { _tag: "Create", created: { name: seal(event, "name", name), via } }
          }).pipe(
            Effect.catchTag("DeviceRejected", (rejected) =>
              rejected.reason === "exists" ? heardOf : Effect.die(rejected)
            )
          )
          if (registry.get(id)?.removal === undefined) yield* firstCode(id)
          return yield* present(registry.get(id)!)
        }),

        rename: Effect.fn("Devices.rename")(function* (caller, id, name) {
          const seal = yield* personal.sealFor("device", id)
          yield* ask(caller, id, ({ eventId }) => ({ _tag: "Rename", name: seal(eventId(0), "name", name) }))
          return yield* present(registry.get(id)!)
        }),

        pair: Effect.fn("Devices.pair")(function* (caller, id, pairing) {
          const sealed = yield* sealing(pairing)
          const record = registry.get(id)
          if (record !== undefined && !isBeingPaired(record)) yield* codes.hide(id) // of an earlier round
          yield* ask(caller, id, ({ eventId }) => ({ _tag: "Link", pairing: sealed(eventId(0)) }))
          yield* firstCode(id)
          return yield* present(registry.get(id)!)
        }),

        reconnect: Effect.fn("Devices.reconnect")(function* (caller, id) {
          yield* ask(caller, id, () => ({ _tag: "Reconnect" }))
          return yield* outcome(id, ({ connection }) => connection === "connected")
        }),

        unlink: Effect.fn("Devices.unlink")(function* (caller, id) {
          yield* ask(caller, id, () => ({ _tag: "Unlink" }))
          return yield* outcome(id, ({ removal }) => removal === "done")
        }),

        find: (id) => {
          const record = registry.get(id)
          return record === undefined ? Effect.succeed(undefined) : present(record)
        },

        list: Effect.suspend(() => Effect.forEach(remaining(registry), present)),

        count,

        isNone: Effect.suspend(() => (registry.size > 0 ? Effect.succeed(false) : isNoneInLog)),

        warnings: () => {
          const found = new Set(remaining(registry).map(warningOf))
          return deviceWarnings.filter((warning) => found.has(warning))
        }
      }
    })
  ).pipe(Layer.provide(Requests.layer))

const remaining = (registry: DeviceRecords) => [...registry.values()].filter(({ removal }) => removal !== "done")
