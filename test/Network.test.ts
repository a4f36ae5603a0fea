import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, Schedule } from "effect"
import { text } from "./Homing.ts"
import { scan } from "./Process.ts"
import { type Proxy, proxy } from "./proxy/Proxy.ts"
import * as Split from "./Split.ts"
import { describeWith } from "./servers/Installed.ts"

/** Every pair of processes with a network between them that can be made to fail. */
const apart = Effect.gen(function* () {
  const bones = yield* Split.backbones
  const { env } = bones
  const between = (name: keyof typeof env) => proxy(Number(new URL(env[name]).port))
  const lanes = {
    "the gateway and EventStoreDB": yield* between("EVENTSTORE_URL"),
    "the gateway and NATS": yield* between("NATS_URL"),
    "the gateway and PostgreSQL": yield* between("DATABASE_URL"),
    "the agent and NATS": yield* between("NATS_URL"),
    "the agent and WhatsApp": yield* between("WHATSAPP_URL")
  }
  const gatewayEnv = {
    ...env,
    EVENTSTORE_URL: lanes["the gateway and EventStoreDB"].through(env.EVENTSTORE_URL),
    NATS_URL: lanes["the gateway and NATS"].through(env.NATS_URL),
    DATABASE_URL: lanes["the gateway and PostgreSQL"].through(env.DATABASE_URL)
  }
  const agentEnv = {
    ...env,
    NATS_URL: lanes["the agent and NATS"].through(env.NATS_URL),
    WHATSAPP_URL: lanes["the agent and WhatsApp"].through(env.WHATSAPP_URL)
  }
  const gateway = yield* Split.gateway({ ...bones, env: gatewayEnv })
  yield* Split.enrol(bones, gateway)
  yield* Split.agent({ ...bones, env: agentEnv })
  const { body } = yield* gateway.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
  yield* scan(gateway, bones.whatsapp, body.id, "15550100001")
  return { bones, device: body.id as string, gateway, lanes }
})

const ills: Readonly<Record<string, (lane: Proxy) => Effect.Effect<void>>> = {
  cut: (lane) => lane.cut,
  silent: (lane) => lane.during({ halfOpen: true })(Effect.sleep("3 seconds"))
}

describeWith("nats-server", "a network that fails", () =>
  describeWith("PostgreSQL", "between any two processes", () => {
    it.live("holds messages up, and loses and doubles none", () =>
      Effect.gen(function* () {
        const { bones, device, gateway, lanes } = yield* apart
        const keys: globalThis.Array<string> = []
        for (const [between, lane] of Object.entries(lanes)) {
          for (const [ill, befall] of Object.entries(ills)) {
            const some = Array.makeBy(3, (i) => `${between}-${ill}-${i}`.replaceAll(" ", "-"))
            keys.push(...some)
            const sending = yield* Effect.forkChild(
              Effect.forEach(some, (key) => confirmed(gateway, device, key), { concurrency: "unbounded" }),
              { startImmediately: true }
            )
            yield* befall(lane)
            yield* Fiber.join(sending)
          }
        }
        const messages: ReadonlyArray<{ readonly waMessageId: string; readonly idsWithSameText: number }> =
          yield* bones.whatsapp.control("messages")
        assert.strictEqual(new Set(messages.map(({ waMessageId }) => waMessageId)).size, keys.length)
        assert.deepStrictEqual(
          messages.filter(({ idsWithSameText }) => idsWithSameText !== 1),
          []
        )
      })
    )
  })
)

/** Repeats the request under its key, as a caller would, until it is known to have been sent. */
const confirmed = (gateway: Split.Gateway, device: string, key: string) =>
  gateway
    .call("POST", "/v1/messages", text(device, key, { until: "sent", timeoutMs: 20_000 }), { "idempotency-key": key })
    .pipe(
      Effect.repeat({
        until: ({ status }) => status === 200 || status === 201,
        schedule: Schedule.spaced("250 millis")
      })
    )
