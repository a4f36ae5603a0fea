import { assert } from "@effect/vitest"
import { Array, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Client } from "#domain/access/Client.ts"
import { ClientId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { dice } from "../../test/crash/Dice.ts"
import { away, emptyDatabase, home, queued, recorded, reported, uuid } from "../testing/ViewsFixture.ts"
import * as CountRows from "./CountRows.ts"
import * as MessagesRows from "./MessagesRows.ts"

const clients = [201, 202].map((n) => ClientId.make(uuid(n)))
const minute = 60_000
const begin = Date.parse("2026-11-30T00:00:00.000Z")
const kinds = ["attempting", "sent", "delivered", "read", "failed", "expired", "unknown", "sent", "delivered"]

interface Story {
  readonly events: ReadonlyArray<RecordedEvent>
  /** What is counted, by hand. */
  readonly counted: ReadonlyArray<{ readonly at: number; device: string; client: ClientId; name: string }>
}

/** Messages of two clients from two devices over `minutes`, and what was reported of them, in any order, some twice. */
const story = (seed: number, messages: number, minutes: number): Story => {
  const { below } = dice(seed)
  const events: globalThis.Array<RecordedEvent> = clients.map((client, i) =>
    recorded(Client.streamOf(client), 1, BigInt(i + 1), {
      type: "client.key_issued.v1",
      data: { key: `key${i}`, digest: "digest", scopes: [] }
    })
  )
  const counted: globalThis.Array<Story["counted"][number]> = []
  const revisions = new Map<number, { readonly at: number; readonly said: Set<string>; revision: number }>()
  let millis = begin
  const place = (event: RecordedEvent, key: string) => {
    const metadata = { ...event.metadata, occurredAt: fromMillis(millis), actor: { kind: "api_key" as const, id: key } }
    events.push({ ...event, position: BigInt(events.length + 1), metadata })
  }
  const of = (n: number) => ({ device: n % 3 === 0 ? away : home, client: clients[n % 2]! })
  for (let n = 1; n <= messages; n++) {
    millis += below(Math.ceil((2 * minutes * minute) / messages))
    place(queued(n, 0n, of(n).device), `key${n % 2}`)
    counted.push({ at: millis, ...of(n), name: "queued" })
    revisions.set(n, { at: millis, said: new Set(), revision: 0 })
    for (let reports = below(4); reports > 0; reports--) {
      const about = 1 + below(n)
      const told = revisions.get(about)!
      const kind = kinds[below(kinds.length)]!
      millis += below(3_000)
      place(reported(about, ++told.revision, 0n, kind), "")
      if (kind === "attempting" || told.said.has(kind)) continue
      told.said.add(kind)
      const one = { at: millis, ...of(about) }
      counted.push({ ...one, name: kind })
      if (kind === "failed") counted.push({ ...one, name: "failed:403" })
      const power = Math.max(0, Math.ceil(Math.log2(Math.max(1, millis - told.at))))
      if (["sent", "delivered", "read"].includes(kind)) counted.push({ ...one, name: `${kind}<${power}` })
    }
  }
  return { events, counted }
}

type Rows = ReadonlyArray<{ readonly name: string; readonly n: number }>
const sorted = (rows: Rows, key: (row: never) => unknown) =>
  rows.map((row) => `${key(row as never)} ${row.name} ${row.n}`).toSorted()

const tally = (some: Story["counted"], key: (one: Story["counted"][number]) => unknown) =>
  [...Map.groupBy(some, (one) => `${key(one)} ${one.name}`)].map(([name, all]) => `${name} ${all.length}`).toSorted()

/** In pages of any size, each in a transaction, by one writer after the other. */
const written = Effect.fnUntraced(function* (events: ReadonlyArray<RecordedEvent>, seed: number) {
  const { below } = dice(seed)
  const sql = yield* emptyDatabase
  yield* MessagesRows.view.setup(sql)
  let writer = MessagesRows.view.writer()
  for (let from = 0; from < events.length; ) {
    const page = events.slice(from, from + 1 + below(40))
    if (Array.isReadonlyArrayNonEmpty(page)) yield* sql.withTransaction(writer.apply(sql, page))
    writer.applied?.()
    from += page.length
    if (below(5) === 0) writer = MessagesRows.view.writer()
  }
  return sql
})

const countedOnce = Effect.gen(function* () {
  const { counted, events } = story(7, 400, 300)
  const sql = yield* written(events, 1)
  const rows = yield* Effect.provideService(CountRows.reading, SqlClient.SqlClient, sql)
  for (const grain of ["minute", "hour"] as const) {
    const stepOf = (at: number) => Math.floor(at / CountRows.grains[grain])
    const [from, to] = [stepOf(begin), stepOf(begin + 1_000 * minute)]
    for (const client of [undefined, ...clients]) {
      for (const devices of [undefined, new Set([home]), new Set([away, home])]) {
        const asked = { grain, from, to, client, devices }
        const own = counted.filter((one) => (client ?? one.client) === one.client && (devices?.has(one.device) ?? true))
        const steps = sorted(yield* rows.bySteps(asked), ({ start }: { readonly start: number }) => start)
        assert.deepStrictEqual(
          steps,
          tally(own, ({ at }) => stepOf(at))
        )
        const by = sorted(yield* rows.byDevices(asked), ({ device }: { readonly device: string }) => device)
        assert.deepStrictEqual(
          by,
          tally(own, ({ device }) => device)
        )
      }
    }
  }
})

const dropped = Effect.gen(function* () {
  const days = 4
  const { counted, events } = story(8, 300, days * 24 * 60)
  const newest = Math.floor(Math.max(...counted.map(({ at }) => at)) / minute)
  const all = { from: 0, to: newest + 1, client: undefined, devices: undefined }
  for (const seed of [2, 3]) {
    const sql = yield* written(events, seed)
    const rows = yield* Effect.provideService(CountRows.reading, SqlClient.SqlClient, sql)
    const minutes = yield* rows.bySteps({ grain: "minute", ...all })
    const young = counted.filter(({ at }) => Math.floor(at / minute) > newest - 2 * 24 * 60)
    assert.isBelow(young.length, counted.length)
    const minuteOf = ({ start }: { readonly start: number }) => start
    assert.deepStrictEqual(
      sorted(minutes, minuteOf),
      tally(young, ({ at }) => Math.floor(at / minute))
    )
    const hours = yield* rows.bySteps({ grain: "hour", ...all })
    assert.deepStrictEqual(
      sorted(hours, minuteOf),
      tally(counted, ({ at }) => Math.floor(at / (60 * minute)))
    )
  }
})

/** What counts of messages owe their readers on every database. */
export const countsContract = [
  ["counts each message once as it comes so far, by minute and hour, device and client", countedOnce],
  ["drops old minutes and keeps their hours, the same however it was read", dropped]
] as const
