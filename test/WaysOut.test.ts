import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "nats"
import { opened } from "../docs/opening.ts"
import { scanner } from "./Canaries.ts"
import { callerOf, eventually, text } from "./Homing.ts"
import { scan } from "./Process.ts"
import { isVerified, receiver } from "./Receiver.ts"
import * as Split from "./Split.ts"

/** What a contact writes, told by every way out, where log, bus and database are servers and gateways share the work. */

const own = "15550100001"
const friend = "60123987651"
const said = "the zanzibar quokka sings at noon"
const heard = "a mauve walrus answered from afar"
const deviceName = "Quetzalcoatl's handset"
const type = "homing.inbound.message.v1"

/** What must not be in anything that NATS keeps. */
const canaries = scanner({ "own number": own, "friend's number": friend, said, heard, "device's name": deviceName })

const kid = "a-service-1"
const holder = { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid }
const { d: _, ...shown } = holder

/** What is on the stream of this type, in its order, as the holder of the key reads it. */
const onBus = (servers: string) =>
  Effect.promise(async () => {
    const nc = await connect({ servers })
    try {
      const jsm = await nc.jetstreamManager()
      const { state } = await jsm.streams.info("EVENTS")
      const found: Array<readonly [id: string, text: string]> = []
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        const { data } = await jsm.streams.getMessage("EVENTS", { seq })
        const event = JSON.parse(new TextDecoder().decode(data))
        if (event.type !== type) continue
        const { content } = opened(event.id, event.sealed, holder)
        found.push([event.id, content.text])
      }
      return found
    } finally {
      await nc.close()
    }
  })

describe("what a contact writes, over EventStoreDB's stand-in, NATS and PostgreSQL", () => {
  it.live(
    "is told once and in order by webhook, by the bus with what is personal sealed, and to who follows, also when the gateway that told it is killed",
    () =>
      Effect.gen(function* () {
        const whole = yield* Split.backbones
        const sealing = { EVENTS_SEALING_KEYS: JSON.stringify({ keys: [shown] }) }
        const bones = { ...whole, env: { ...whole.env, ...sealing, OUTBOUND_ALLOW: "loopback" } }
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
              ids.map((_, i) => `${heard} ${i}`)
            )
            yield* eventually(onBus(bones.nats.url), ({ length }) => length >= n)
            assert.deepStrictEqual(
              yield* onBus(bones.nats.url),
              ids.map((id, i) => [id, `${heard} ${i}`] as const)
            )
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

        for (let i = 0; i < 5; i++) yield* says(`${heard} ${i}`)
        yield* told(5, one)
        yield* told(5, two)
        yield* one.process.end("SIGKILL")
        for (let i = 5; i < 10; i++) yield* says(`${heard} ${i}`)
        yield* told(10, two)
        yield* whole.eventStore.kill
        yield* whole.eventStore.restart
        yield* says(`${heard} 10`)
        yield* told(11, two)

        yield* two.call("PATCH", `/v1/devices/${device}`, { name: deviceName })
        const sent = yield* two.call("POST", "/v1/messages", { ...text(device, said), to: `+${friend}` })
        assert.strictEqual(sent.body.status, "sent")
        yield* eventually(
          Effect.sync(() => scanner({ sent: "homing.message.sent.v1" }).inFolder(bones.nats.directory).findings.length),
          (found) => found > 0
        )
        assert.deepStrictEqual(canaries.inFolder(bones.nats.directory).findings, [])
      })
  )
})
