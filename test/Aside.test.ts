import { cpSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually } from "./Homing.ts"
import { proxy } from "./proxy/Proxy.ts"
import { numbered, SharedGateways } from "./SharedGateways.ts"
import * as Split from "./Split.ts"
import { machineClock } from "./servers/Clock.ts"
import { describeWith } from "./servers/Installed.ts"

/** How often a group's partitions were given to somebody, in all. */
interface Handed {
  readonly group_name: string
  readonly times: number
}

/** The gateway's next key signs, and none before it is taken any more. */
const renewKey = Effect.fnUntraced(function* ({ call }: Split.Gateway) {
  const { body: keys } = yield* call("GET", "/v1/gateway-keys")
  const { body: next } = yield* call("POST", "/v1/gateway-keys")
  yield* eventually(
    call("POST", `/v1/gateway-keys/${next.keyId}/activate`, {}),
    ({ body }) => body.code !== "agents_unaware"
  )
  for (const { keyId } of keys.items) yield* call("DELETE", `/v1/gateway-keys/${keyId}`)
})

describeWith("PostgreSQL", "several gateways, when one of them or what they share cannot be believed", () => {
  it.layer(SharedGateways.layer, { excludeTestServices: true })("", (it) => {
    it.effect(
      "a database that fails over and loses its last second loses no row, and neither brings a key back nor takes one away",
      () =>
        Effect.gen(function* () {
          const { database, gateway, send, sql } = yield* SharedGateways
          const places = sql`SELECT position FROM checkpoints`
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
          // who writes while the database goes away begins anew for that reason
          yield* eventually(
            Effect.all([places, Effect.delay(places, "500 millis")]),
            ([one, other]) => JSON.stringify(one) === JSON.stringify(other)
          )
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
        }).pipe(Effect.scoped)
    )

    it.effect(
      "who is cut from the log or the bus, or has no key that is taken, leaves its parts to another one, and comes back",
      () =>
        Effect.gen(function* () {
          const bones = yield* SharedGateways
          const { cwd, device, env, eventStore, gateway, natsPort, send, sharedBy, sql } = bones
          const log = yield* proxy(Number(new URL(eventStore.url).port))
          const bus = yield* proxy(natsPort)
          cpSync(join(cwd, "gateway"), join(cwd, "before"), { recursive: true })
          const [able, ...unfit] = yield* Effect.all(
            [
              gateway(),
              gateway({ EVENTSTORE_URL: log.through(env.EVENTSTORE_URL) }),
              gateway({ NATS_URL: bus.through(env.NATS_URL) }),
              Split.gateway(bones, "before", env.API_KEY)
            ],
            { concurrency: "unbounded" }
          )
          const ready = Effect.forEach(unfit, ({ call }) =>
            Effect.map(call("GET", "/health/ready"), ({ body, status }) => body.code ?? status)
          )
          const handed = sql<Handed>`SELECT group_name, SUM(token)::integer AS times FROM leases GROUP BY 1 ORDER BY 1`
          yield* sharedBy(4)
          yield* renewKey(able)
          yield* eventually(ready, (all) => all.join() === "200,200,no_signing_key")
          yield* Effect.all([log.set({ silent: "both" }), bus.set({ silent: "both" })])
          yield* eventually(ready, (all) => all.join() === "store_unavailable,bus_unavailable,no_signing_key")
          yield* sharedBy(1)
          assert.strictEqual((yield* able.call("GET", "/health/ready")).status, 200)

          const sent = yield* Effect.forEach(numbered("while others are cut", 3), (words) => send(able, words))
          assert.isTrue(sent.every(({ status }) => status === 201))
          const ids = sent.map(({ body }) => body.id).toReversed()
          yield* eventually(able.call("GET", `/v1/messages?device=${device}&limit=3`), ({ body }) =>
            body.items.every(({ id }: { id: string }, i: number) => id === ids[i])
          )
          // nobody takes what it cannot do: a while passes, longer than until a lease is renewed, in which none changes hands
          const inAWhile = Effect.gen(function* () {
            const before = yield* handed
            yield* Effect.sleep("2 seconds")
            return isDeepStrictEqual(yield* handed, before)
          })
          yield* eventually(inAWhile, (isQuiet) => isQuiet)

          yield* Effect.all([log.heal, bus.heal])
          yield* eventually(ready, (all) => all.join() === "200,200,no_signing_key")
          yield* sharedBy(3)
          assert.strictEqual((yield* send(unfit[0]!, "after the cut")).status, 201)
          for (const { process } of unfit) assert.match(process.stderr(), /this gateway stands aside/)
        }).pipe(Effect.scoped)
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
          }).pipe(Effect.scoped)
      )
    })
  })
})
