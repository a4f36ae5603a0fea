import { cpSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually } from "./Homing.ts"
import { proxy } from "./proxy/Proxy.ts"
import { numbered, SharedGateways } from "./SharedGateways.ts"
import * as Split from "./Split.ts"
import { machineClock } from "./servers/Clock.ts"
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
          const { device, env, eventStore, gateway, natsPort, send, sharedBy, sql } = yield* SharedGateways
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
          const ready = Effect.forEach(cut, ({ call }) =>
            Effect.map(call("GET", "/health/ready"), ({ body, status }) => body.code ?? status)
          )
          yield* sharedBy(3)
          yield* Effect.all([log.set({ silent: "both" }), bus.set({ silent: "both" })])
          yield* eventually(ready, (all) => all.join() === "store_unavailable,bus_unavailable")
          yield* sharedBy(1)
          assert.strictEqual((yield* third.call("GET", "/health/ready")).status, 200)
          const sent = yield* Effect.forEach(numbered("while two are cut", 3), (words) => send(third, words))
          assert.isTrue(sent.every(({ status }) => status === 201))
          const ids = sent.map(({ body }) => body.id).toReversed()
          yield* eventually(third.call("GET", `/v1/messages?device=${device}&limit=3`), ({ body }) =>
            body.items.every(({ id }: { id: string }, i: number) => id === ids[i])
          )
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

    it.effect(
      "one whose keys were all revoked leaves its parts to one that has the key that signs now",
      () =>
        Effect.gen(function* () {
          const bones = yield* SharedGateways
          cpSync(join(bones.cwd, "gateway"), join(bones.cwd, "before"), { recursive: true })
          const [old, one] = yield* Effect.all([Split.gateway(bones, "before", bones.env.API_KEY), bones.gateway()], {
            concurrency: "unbounded"
          })
          yield* bones.bothAtWork
          const { body: keys } = yield* one.call("GET", "/v1/gateway-keys")
          const { body: next } = yield* one.call("POST", "/v1/gateway-keys")
          yield* eventually(
            one.call("POST", `/v1/gateway-keys/${next.keyId}/activate`, {}),
            ({ body }) => body.code !== "agents_unaware"
          )
          for (const { keyId } of keys.items) yield* one.call("DELETE", `/v1/gateway-keys/${keyId}`)
          yield* eventually(old.call("GET", "/health/ready"), ({ body }) => body.code === "no_signing_key")
          yield* bones.sharedBy(1)
          for (const words of numbered("without the old key", 3)) {
            assert.strictEqual((yield* bones.send(one, words)).body.status, "sent")
          }
        }).pipe(Effect.scoped),
      minutes
    )

    describeWith("libfaketime", "and a clock", () => {
      it.effect(
        "one whose clock is wrong expires nothing, tells no agent its time, and takes part again when it is right",
        () =>
          Effect.gen(function* () {
            const bones = yield* SharedGateways
            const { agent, gateway, send, sharedBy } = bones
            const clock = yield* machineClock
            const right = yield* gateway()
            yield* agent.end("SIGTERM")
            const waiting = yield* Effect.forEach(numbered("an hour is left", 12), (words) =>
              send(right, words, 0, 3_600)
            )
            assert.isTrue(waiting.every(({ status }) => status === 202))
            yield* clock.set(2 * 3_600)
            const wrong = yield* gateway(clock.env)
            const ready = Effect.map(wrong.call("GET", "/health/ready"), ({ body, status }) => body.code ?? status)
            assert.strictEqual(yield* ready, "clock_off")
            assert.strictEqual((yield* send(wrong, "by a wrong clock")).body.code, "clock_off")
            yield* Effect.sleep("2 seconds") // in which it would take its share
            yield* sharedBy(1)
            yield* Split.agent(bones)
            const statusOf = (id: string) =>
              Effect.map(right.call("GET", `/v1/messages/${id}`), ({ body }) => body.status)
            const statuses = Effect.forEach(waiting, ({ body }) => statusOf(body.id))
            const settled = ["sent", "delivered", "read", "expired", "failed"]
            const verdicts = yield* eventually(statuses, (all) => all.every((status) => settled.includes(status)))
            assert.deepStrictEqual(
              verdicts.filter((status) => status === "expired"),
              []
            )
            const { body: metrics } = yield* wrong.call("GET", "/metrics")
            assert.match(metrics.text, /^homing_clock_offset_seconds 7[12]\d\d/m)
            assert.match(wrong.process.stderr(), /"reason":"clock_off".*"offsetMillis":7[12]\d{5}/)

            yield* clock.set(0)
            yield* eventually(ready, (told) => told === 200)
            yield* sharedBy(2)
            yield* clock.set(-2 * 3_600)
            yield* eventually(ready, (told) => told === "clock_off")
          }).pipe(Effect.scoped),
        minutes
      )
    })
  })
})
