import { Clock, Effect, Layer, Schedule, Semaphore } from "effect"
import { Device } from "#domain/device/Device.ts"
import type { DeviceId, StreamId } from "#domain/Ids.ts"
import { fromMillis, type Instant, toMillis } from "#domain/Instant.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { type Lease, Leases } from "#domain/ports/Leases.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import type { DeviceRecord } from "../devices/DevicesRows.ts"
import * as FactRows from "../inbound/FactRows.ts"
import { Readings } from "../inbound/Readings.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import * as MessagesRows from "../messages/MessagesRows.ts"
import { Fitness } from "../runtime/Fitness.ts"
import * as Partitions from "../runtime/Partitions.ts"
import { partitionOf } from "../runtime/Partitions.ts"
import { Transports } from "../transports/Transport.ts"
import { Views } from "../views/Views.ts"
import { orderedBy, orders } from "./Orders.ts"
import * as ReissueRows from "./ReissueRows.ts"
import * as Withheld from "./Withheld.ts"

export interface ReconcilerOptions {
  /** How often it looks. */
  readonly everyMillis: number
  /** How long a command may be open before it is issued again; doubles with each time, up to an hour. */
  readonly patienceMillis: number
  /** How long after its expiry a message may still get the agent's word on it. */
  readonly graceMillis: number
}

/** A command of which nobody has said what became of it. */
interface Open {
  /** Holds the event that the command follows from. */
  readonly stream: StreamId
  readonly device: DeviceId
  readonly since: Instant
  /** The highest that was reported. */
  readonly attempt: number
}

const pageSize = 500
const longestPatience = 3_600_000
/** Clocks of gateways differ by less. */
const aheadMillis = 60_000
/** How many commands may be on their way at once. */
const mostUnderway = 256

/** What is to be marked as read is over by then. */
const longestReading = 8 * 24 * 3_600_000

/** Takes what there is page by page, each from behind the one before. */
const pages = Effect.fnUntraced(function* <Row extends { readonly position: bigint }, E, E2, R>(
  read: (after: bigint) => Effect.Effect<ReadonlyArray<Row>, E>,
  take: (row: Row) => Effect.Effect<void, E2, R>
) {
  for (let after = -1n; ; ) {
    const page = yield* read(after)
    yield* Effect.forEach(page, take, { discard: true })
    if (page.length < pageSize) return
    after = page.at(-1)!.position
  }
})

const openMessage = ({ createdAt, device, id, reports }: MessagesRows.Open): Open => ({
  stream: Message.streamOf(id),
  device,
  since: createdAt,
  attempt: reports.reduce((highest, { attempt }) => Math.max(highest, attempt), 1)
})
const openDevice = ({ id, since }: DeviceRecord): Open => ({
  stream: Device.streamOf(id),
  device: id,
  since,
  attempt: 1
})

const openReading = ({ askedAt, device, id }: FactRows.Unread): Open => ({
  stream: Inbound.streamOf(id),
  device,
  since: askedAt,
  attempt: 1
})

/**
 * The second net under the dispatcher: the bus may forget, so every command that is open for too long is issued again
 * under the next attempt, and a message whose time is over without a word is recorded as unknown. What was open before
 * this process began is issued again at once. A message with a verdict is the agent's ledger's alone.
 */
export const layer = (options: ReconcilerOptions) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const facts = yield* FactRows.make
      const messages = yield* MessagesRows.make
      const store = yield* EventStore
      const transports = yield* Transports
      const actors = yield* MessageActors
      const readings = yield* Readings
      const registry = yield* DeviceRegistry
      const views = yield* Views
      const leases = yield* Leases
      const reissues = yield* ReissueRows.make
      const { withhold } = yield* Withheld.make(reissues)
      const orderOf = orders(yield* Crypto, yield* SubjectKeys)
      const { obstacle } = yield* Fitness
      const group = { name: "reconciler", partitions: Partitions.shared(leases) }
      const started = yield* Clock.currentTimeMillis // later than now, if the clock was ahead
      const underway = yield* Semaphore.make(mostUnderway)

      /** Whoever could tell WhatsApp that it was read is gone for good. */
      const endReading = Effect.fnUntraced(function* (lease: Lease, { id }: FactRows.Unread) {
        const asked = orderedBy(yield* store.read(Inbound.streamOf(id)))
        if (asked === undefined) return
        yield* leases.fenced(lease, Effect.void)
        yield* readings.withhold(asked, "unlinked")
      })
      const lookAtReading = (lease: Lease, fact: FactRows.Unread, now: number) =>
        registry.get(fact.device)?.removal === undefined
          ? reissue(lease, openReading(fact), now)
          : endReading(lease, fact)

      const reissue = Effect.fnUntraced(function* (lease: Lease, open: Open, now: number) {
        const device = registry.get(open.device)
        const transport = device && transports.named(device.transport)
        const route = transport?.mayReissue(open.device) ? transport.routeTo(open.device) : undefined
        if (route === undefined) return
        const last = yield* reissues.last(open.stream)
        // what lies ahead was noted by a clock that was ahead, and says nothing
        const issuedAt = Math.max(0, ...[last.at, toMillis(open.since)].filter((at) => at <= now + aheadMillis))
        const attempt = Math.max(last.attempt, open.attempt)
        const patience = Math.min(options.patienceMillis * 2 ** (attempt - 1), longestPatience)
        if ((issuedAt >= started || now < started) && now - issuedAt <= patience) return
        const event = orderedBy(yield* store.read(open.stream))
        if (event === undefined) return
        const order = yield* Effect.catchTag(orderOf(event, attempt + 1), "Unreadable", (unreadable) =>
          Effect.as(withhold(event, unreadable, true), undefined)
        )
        if (order === undefined || (order.kind !== "send" && order.expiresAt <= fromMillis(now))) return
        yield* reissues.note(lease, open.stream, order.attempt, now)
        // while nobody can be reached nothing is issued, so that nothing waits the longer for it afterwards
        const before = { attempt, at: issuedAt }
        const notIssued = Effect.ignore(reissues.takeBack(lease, open.stream, order.attempt, before))
        // ends when somebody has custody; whoever is away may let it wait
        const issued = Effect.catch(route.issue([order]), () => notIssued)
        yield* underway.take(1)
        yield* Effect.forkScoped(Effect.ensuring(issued, underway.release(1)), { startImmediately: true })
      })

      /** Under the first attempt, however many there were: whatever the agent still says of any outweighs it. */
      const giveUp = (lease: Lease, { command, id }: MessagesRows.Open) =>
        Effect.andThen(
          leases.fenced(lease, Effect.void), // whoever was paused meanwhile judges by an old clock
          actors.execute(Message.streamOf(id), ({ at }) => ({ _tag: "GiveUp", at, attempt: 1 }), {
            actor: { kind: "gateway", id: "reconciler" },
            correlationId: id,
            causationId: command
          })
        )

      const look = Effect.fnUntraced(function* (lease: Lease, message: MessagesRows.Open, now: number) {
        if (obstacle() === "clock_off") return
        if (now > toMillis(message.expiresAt) + options.graceMillis) yield* giveUp(lease, message)
        else yield* reissue(lease, openMessage(message), now)
      })

      /** One that fails does not stop those behind it. */
      const each = <E, R>(one: Effect.Effect<void, E, R>) =>
        Effect.catchCause(one, (cause) => Effect.logWarning("a command could not be reconciled", cause))

      const pass = Effect.fnUntraced(function* (lease: Lease) {
        const now = yield* Clock.currentTimeMillis
        const isOwn = (id: string) => partitionOf(id, group.partitions) === lease.partition
        for (const device of registry.values()) {
          const isOpen = device.removal === undefined ? device.connection === "pairing" : device.removal === "asked"
          if (isOpen && isOwn(device.id)) yield* each(reissue(lease, openDevice(device), now))
        }
        yield* pages(
          (after) => messages.open(after, pageSize),
          (message) => (isOwn(message.id) ? each(look(lease, message, now)) : Effect.void)
        )
        const since = fromMillis(now - longestReading)
        yield* pages(
          (after) => facts.unread(after, pageSize, since),
          (fact) => (isOwn(fact.id) ? each(lookAtReading(lease, fact, now)) : Effect.void)
        )
        if (lease.partition === 0) yield* reissues.forget
      })

      const run = Effect.fnUntraced(function* (lease: Lease) {
        const head = yield* store.head
        if (head !== undefined) yield* views.written(head)
        yield* Effect.repeat(pass(lease), Schedule.spaced(options.everyMillis))
      })
      yield* Effect.forkScoped(
        Partitions.run(group, (lease) =>
          run(lease).pipe(
            Effect.tapCause((cause) => Effect.logError("the reconciler begins again", cause)),
            Effect.sandbox,
            Effect.retry(Schedule.spaced("5 seconds")),
            Effect.scoped
          )
        )
      )
    })
  )
