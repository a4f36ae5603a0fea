import { Context, Effect, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { DeviceId, EventId } from "#domain/Ids.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import type { JsonObject } from "#domain/Json.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import * as FactRows from "../../inbound/FactRows.ts"
import * as MessagesRows from "../../messages/MessagesRows.ts"
import { Personal } from "../../privacy/Personal.ts"
import { headerOf, heardOf, reporting } from "../../testing/ReportingFixture.ts"
import { queued, uuid } from "../../testing/ViewsFixture.ts"
import * as ChatReading from "../ChatReading.ts"
import * as ChatsRows from "../ChatsRows.ts"
import * as ListedChatRows from "../ListedChatRows.ts"

/** Everything as it is recorded of what is heard, in every order in which it may come; each order on a device of its own. */

export const phone = PhoneNumber.make("+60123456789")
export const ali = { kind: "person", phone, lid: Lid.make("900002") } as const
export const [byPhone, byLid] = [{ kind: "person", phone } as const, { kind: "person", lid: ali.lid } as const]
export const siti = { kind: "person", lid: Lid.make("900003") } as const
export const self = { kind: "person", phone: PhoneNumber.make("+60129999999") } as const
export const family = { kind: "group", address: "123-456@g.us" } as const

export const text = (said: string) => ({ type: "text", text: said }) as const
export const sentId = "3EB0000000000000000001"

export type Told = Pick<Heard, "content" | "chat" | "sender"> & Partial<Heard>

/** In the log of nobody yet: where it stands is for each order to say. */
export const recording = Effect.gen(function* () {
  const world = yield* reporting()
  let told = 0
  const hear = Effect.fnUntraced(function* (heard: Told) {
    const n = ++told
    const header = headerOf(0, { direction: "homing/report/3", commandId: EventId.make(uuid(500 + n)) })
    yield* world.tell(
      heardOf(header, Heard.make({ waMessageId: `F${n}`, fromMe: heard.sender === self, ...heard })),
      header
    )
    const head = yield* world.store.head
    const all = yield* Stream.runCollect(
      Stream.takeUntil(
        world.store.subscribe({ categories: ["inbound"], after: undefined }),
        ({ position }) => position === head
      )
    )
    return all.at(-1)!
  })
  const send = Effect.fnUntraced(function* (words: string) {
    const { data, ...message } = queued(++told, 0n, "")
    const event = EventId.make(uuid(900 + told))
    const seal = yield* world.personal.sealFor("phone", phone)
    const address = seal(event, "recipient", JSON.stringify({ kind: "phone", address: phone }))
    const body = seal(event, "content", JSON.stringify(text(words)))
    const recipients = [address.subject]
    const said = { ...data, content: { kind: "text", body }, recipient: { kind: "phone", address }, recipients }
    return { ...message, eventId: event, data: said as unknown as JsonObject }
  })
  return { hear, send, personal: world.personal }
})

const permutations = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.length < 2 ? [all] : all.flatMap((first, i) => permutations(all.toSpliced(i, 1)).map((rest) => [first, ...rest]))

/** The same on another device, at another place. */
const onDevice = (device: string, event: RecordedEvent, position: bigint): RecordedEvent => {
  const { source, ...data } = event.data
  const whose = source === undefined ? { device } : { source: { kind: "device", device } }
  return { ...event, position, data: { ...data, ...whose } }
}

const database = Effect.gen(function* () {
  const services = yield* Layer.build(Layer.fresh(SqliteClient.layer(":memory:", { durability: "checkpoint" })))
  const sql = Context.get(services, SqlClient.SqlClient)
  const views = [FactRows.view, MessagesRows.view, ChatsRows.view(NodeCrypto.crypto)]
  const writers = views.map((view) => [view.categories, view.writer()] as const)
  for (const { setup } of views) yield* setup(sql)
  let position = 0n
  let devices = 300
  let log: ReadonlyArray<RecordedEvent> = []
  return {
    sql,
    /** What was written last. */
    store: { read: (stream: string) => Effect.succeed(log.filter((event) => event.stream === stream)) },
    /** One transaction each: the next one finds what there was. */
    written: Effect.fnUntraced(function* (events: ReadonlyArray<RecordedEvent>) {
      const device = DeviceId.make(uuid(++devices))
      log = []
      for (const event of events) {
        const placed = onDevice(device, event, ++position)
        log = [...log, placed]
        for (const [categories, { apply, applied }] of writers) {
          if (!categories.includes(placed.stream.split("-")[0]!)) continue
          yield* apply(sql, [placed])
          applied?.()
        }
      }
      return device
    })
  }
})

/** All chats of the device, each with all that is in it, oldest first. */
const reading = Effect.fnUntraced(function* (device: string, upTo?: bigint) {
  const rows = yield* ListedChatRows.make
  const stretch = yield* ChatReading.make
  const chats = yield* rows.list({ device, devices: undefined, after: undefined, limit: 10 })
  return yield* Effect.forEach(chats, ({ peer: chat }) =>
    Effect.map(stretch({ chat, after: undefined, limit: 100, upTo }), ({ items }) => items.toReversed())
  )
})

export type Item = Effect.Success<ReturnType<typeof reading>>[number][number]

type Holds = (order: ReadonlyArray<RecordedEvent>, chats: ReadonlyArray<ReadonlyArray<Item>>) => void

/** Each of these orders, and what is read of it. */
export const inOrders = (
  orders: ReadonlyArray<ReadonlyArray<RecordedEvent>>,
  personal: Personal["Service"],
  holds: Holds
) =>
  Effect.gen(function* () {
    const { sql, store, written } = yield* database
    for (const order of orders) {
      const device = yield* written(order)
      const chats = yield* reading(device).pipe(
        Effect.provideService(SqlClient.SqlClient, sql),
        Effect.provideService(EventStore, store as unknown as EventStore["Service"]),
        Effect.provideService(Personal, personal)
      )
      holds(order, chats)
    }
  })

export const inEveryOrder = (events: ReadonlyArray<RecordedEvent>, personal: Personal["Service"], holds: Holds) =>
  inOrders(permutations(events), personal, holds)
