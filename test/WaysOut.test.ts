import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "nats"
import { callerOf, eventually } from "./Homing.ts"
import { scan } from "./Process.ts"
import { isVerified, receiver } from "./Receiver.ts"
import * as Split from "./Split.ts"

/** What a contact writes, told by every way out, where log, bus and database are servers and gateways share the work. */

const own = "15550100001"
const friend = "60123987651"
const type = "homing.inbound.message.v1"

/** The ids on the stream of this type, in its order. */
const onBus = (servers: string) =>
  Effect.promise(async () => {
    const nc = await connect({ servers })
    try {
      const jsm = await nc.jetstreamManager()
      const { state } = await jsm.streams.info("EVENTS")
      const ids: Array<string> = []
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        const { data } = await jsm.streams.getMessage("EVENTS", { seq })
        const event = JSON.parse(new TextDecoder().decode(data))
        if (event.type === type) ids.push(event.id)
      }
      return ids
    } finally {
      await nc.close()
    }
  })

describe("what a contact writes, over EventStoreDB's stand-in, NATS and PostgreSQL", () => {
  it.live(
    "is told once and in order by webhook, by the bus and to who follows, also when the gateway that told it is killed",
    () =>
      Effect.gen(function* () {
        const whole = yield* Split.backbones
        const bones = { ...whole, env: { ...whole.env, OUTBOUND_ALLOW: "loopback" } }
        mkdirSync(join(bones.cwd, "agent"), { recursive: true, mode: 0o700 })
        const { device, gateway: one } = yield* Split.connected(bones)
        yield* scan(one, bones.whatsapp, device, own)
        const two = yield* Split.gateway(bones, "gateway", one.key)
        const hook = yield* receiver()
        const asked = { url: hook.url, types: [type], personal: true }
        const { body: endpoint, status } = yield* one.call("POST", "/v1/endpoints", asked)
        assert.strictEqual(status, 201)

        const says = (text: string) => bones.whatsapp.control("incoming", { from: friend, to: own, text })
        const told = (n: number, { key, url }: Pick<Split.Gateway, "key" | "url">) =>
          Effect.gen(function* () {
            const list = callerOf(url, key)("GET", `/v1/events?types=${type}&limit=500`)
            const { body } = yield* eventually(list, ({ body }) => body.items?.length >= n)
            const ids = (body.items as ReadonlyArray<{ readonly id: string }>).map(({ id }) => id)
            assert.deepStrictEqual(
              (body.items as ReadonlyArray<{ data: { content: { text: string } } }>).map(
                ({ data }) => data.content.text
              ),
              ids.map((_, i) => `number ${i}`)
            )
            yield* eventually(onBus(bones.nats.url), ({ length }) => length >= n)
            assert.deepStrictEqual(yield* onBus(bones.nats.url), ids)
            yield* eventually(
              Effect.sync(() => new Set(hook.arrivals.map(({ body }) => body.id)).size),
              (arrived) => arrived >= n
            )
            const arrived = [...new Set(hook.arrivals.map(({ body }) => body.id as string))]
            assert.deepStrictEqual(arrived, ids)
            for (const arrival of hook.arrivals) assert.isTrue(isVerified(endpoint.secret, arrival))
            const facts = yield* eventually(
              callerOf(url, key)("GET", "/v1/inbound?limit=100"),
              ({ body }) => body.items?.length >= n
            )
            assert.lengthOf(facts.body.items, n)
          })

        for (let i = 0; i < 5; i++) yield* says(`number ${i}`)
        yield* told(5, one)
        yield* told(5, two)
        yield* one.process.end("SIGKILL")
        for (let i = 5; i < 10; i++) yield* says(`number ${i}`)
        yield* told(10, two)
        yield* whole.eventStore.kill
        yield* whole.eventStore.restart
        yield* says("number 10")
        yield* told(11, two)
      }),
    180_000
  )
})
