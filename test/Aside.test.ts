import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually } from "./Homing.ts"
import { proxy } from "./proxy/Proxy.ts"
import { numbered, SharedGateways } from "./SharedGateways.ts"
import { describeWith } from "./servers/Installed.ts"

const minutes = 60_000

interface Holder {
  readonly group: string
  readonly holders: number
  /** How often its partitions were handed out, in all. */
  readonly handed: number
}

describeWith("PostgreSQL", "several gateways, when one of them or what they share cannot be believed", () => {
  it.layer(SharedGateways.layer, { timeout: minutes, excludeTestServices: true })("", (it) => {
    it.effect(
      "a database that fails over and loses its last second loses no row, and neither brings a key back nor takes one away",
      () =>
        Effect.gen(function* () {
          const { database, gateway, send, sql } = yield* SharedGateways
          const [one, two] = yield* Effect.all([gateway(), gateway()], { concurrency: "unbounded" })
          const { body: client } = yield* one.call("POST", "/v1/clients", { name: "shop", scopes: ["messages:read"] })
          const listed = Effect.map(
            two.call("GET", "/v1/messages?limit=200"),
            ({ body }) => body.items.map(({ id }: { id: string }) => id) as ReadonlyArray<string>
          )
          const sendAll = (words: string, count: number) =>
            Effect.forEach(numbered(words, count), (each, i) => send(i % 2 === 0 ? one : two, each), {
              concurrency: 8
            }).pipe(Effect.map((answers) => answers.map(({ body }) => body.id as string)))

          const before = yield* sendAll("before the copy", 4)
          yield* eventually(listed, (ids) => before.every((id) => ids.includes(id)))
          yield* database.backup
          const lost = yield* sendAll("lost", 20)
          const keys = `/v1/clients/${client.id}/keys`
          const { body: issued } = yield* one.call("POST", keys, { scopes: ["messages:read"] })
          assert.strictEqual((yield* one.call("DELETE", `${keys}/${client.key.id}`)).status, 204)
          yield* eventually(listed, (ids) => lost.every((id) => ids.includes(id)))
          const head = sql`SELECT position FROM checkpoints`
          yield* eventually(head, () => true)
          yield* database.failOver
          const after = yield* sendAll("after the failover", 4)

          yield* eventually(listed, (ids) => after.every((id) => ids.includes(id)))
          const shown = yield* listed
          assert.deepStrictEqual(
            [...before, ...lost, ...after].filter((id) => !shown.includes(id)),
            []
          )
          const third = yield* gateway()
          const as = (key: string) =>
            Effect.map(callerOf(third.url, key)("GET", "/v1/messages?limit=1"), ({ status }) => status)
          yield* eventually(third.call("GET", "/health/ready"), ({ status }) => status === 200)
          assert.deepStrictEqual([yield* as(client.key.secret), yield* as(issued.secret)], [401, 200])
          assert.match(`${one.process.stderr()}${two.process.stderr()}`, /the database has forgotten/)
        }).pipe(Effect.scoped),
      minutes
    )

    it.effect(
      "one that is cut from the log, and one that is cut from the bus, leave their parts to a third, and come back",
      () =>
        Effect.gen(function* () {
          const { device, env, eventStore, gateway, natsPort, send, sql } = yield* SharedGateways
          const log = yield* proxy(Number(new URL(eventStore.url).port))
          const bus = yield* proxy(natsPort)
          const [third, ...cut] = yield* Effect.all(
            [
              gateway(),
              gateway({ EVENTSTORE_URL: log.through(env.EVENTSTORE_URL) }),
              gateway({ NATS_URL: bus.through(env.NATS_URL) })
            ],
            { concurrency: "unbounded" }
          )
          const holders = sql<Holder>`SELECT group_name AS group, COUNT(DISTINCT holder)::integer AS holders,
            SUM(token)::integer AS handed FROM leases WHERE ends > clock_timestamp() GROUP BY group_name ORDER BY 1`
          const sharedBy = (count: number) =>
            eventually(holders, (groups) =>
              groups.filter(({ group }) => group !== "views").every(({ holders }) => holders === count)
            )
          const ready = Effect.forEach(cut, ({ call }) =>
            Effect.map(call("GET", "/health/ready"), ({ body, status }) => body.code ?? status)
          )
          yield* sharedBy(3)
          yield* Effect.all([log.set({ silent: "both" }), bus.set({ silent: "both" })])
          yield* eventually(ready, (all) => all.join() === "store_unavailable,bus_unavailable")
          yield* sharedBy(1)
          assert.strictEqual((yield* third.call("GET", "/health/ready")).status, 200)
          for (const words of numbered("while two are cut", 3))
            assert.strictEqual((yield* send(third, words)).status, 201)
          const list = third.call("GET", `/v1/messages?device=${device}&limit=1`)
          yield* eventually(list, ({ body }) => body.items[0]?.status !== "queued")
          const before = yield* holders
          yield* Effect.sleep("2 seconds")
          assert.deepStrictEqual(yield* holders, before) // nobody takes what it cannot do

          yield* Effect.all([log.heal, bus.heal])
          yield* eventually(ready, (all) => all.join() === "200,200")
          yield* sharedBy(3)
          assert.strictEqual((yield* send(cut[0]!, "after the cut")).status, 201)
          for (const { process } of cut) assert.match(process.stderr(), /this gateway stands aside/)
        }).pipe(Effect.scoped),
      minutes
    )
  })
})
