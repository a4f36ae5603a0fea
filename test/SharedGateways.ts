import { Array, Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { callerOf, eventually, type Homing, text } from "./Homing.ts"
import { homing, scan } from "./Process.ts"
import { proxy } from "./proxy/Proxy.ts"
import { sniffer } from "./Sniffer.ts"
import * as Split from "./Split.ts"

/** Servers, an agent and its connected device, for gateways that come and go. */

const apiKey = "a-key-for-all-gateways"

const make = Effect.gen(function* () {
  const whole = yield* Split.backbones
  const heard = sniffer()
  const wire = yield* proxy(whole.nats.port, { tap: heard.on("broker") })
  const own = { NATS_URL: wire.through(whole.env.NATS_URL), API_KEY: apiKey, RATE_LIMIT_MESSAGES: "120" }
  const bones = { ...whole, env: { ...whole.env, ...own } }
  const services = yield* Layer.build(PostgresClient.layer(Redacted.make(whole.env.DATABASE_URL)))
  const sql = Context.get(services, SqlClient.SqlClient)

  const gateway = (env: Readonly<Record<string, string>> = {}) =>
    Split.gateway({ ...bones, env: { ...bones.env, ...env } }, "gateway", apiKey)
  const first = yield* gateway()
  yield* Split.enrol(bones, first)
  const agent = yield* Split.agent(bones)
  const { body } = yield* first.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
  const device: string = body.id
  yield* scan(first, whole.whatsapp, device, "15550100001")
  yield* first.process.end("SIGTERM")
  /** Until so many, and no others, hold all that is shared in parts. */
  const sharedBy = (count: number) =>
    eventually(
      sql<{ readonly holders: number; readonly held: number }>`SELECT COUNT(DISTINCT holder)::integer AS holders,
        COUNT(*)::integer AS held FROM leases
        WHERE group_name IN ('dispatcher', 'reconciler') AND ends > clock_timestamp() AND holder IS NOT NULL`,
      ([row]) => row?.holders === count && row.held === 32
    )
  return {
    ...bones,
    natsPort: whole.nats.port,
    heard,
    sql,
    agent,
    device,
    /** Started; ended with the scope. */
    gateway,
    /** With settings of its own, which may be missing: until it ends by itself. */
    refused: Effect.fnUntraced(function* (env: Readonly<Record<string, string>>) {
      const process = yield* homing(["start"], { cwd: bones.cwd, env: { PORT: "0", LOG_LEVEL: "error", ...env } })
      const { code } = yield* process.ended
      return { code, said: process.stderr().trim() }
    }),
    /** A caller with a key, and so with limits, of its own. */
    caller: Effect.fnUntraced(function* (gateway: Split.Gateway) {
      const wanted = { name: "caller", scopes: ["messages:read", "messages:send"] }
      const { body } = yield* gateway.call("POST", "/v1/clients", wanted)
      const key: string = body.key.secret
      return (at: { readonly url: string }) => callerOf(at.url, key)
    }),
    send: ({ call }: Pick<Homing, "call">, words: string, timeoutMs = 30_000, expiresInSeconds = 86_400) =>
      call(
        "POST",
        "/v1/messages",
        { ...text(device, words, { until: "sent", timeoutMs }), expiresInSeconds },
        {
          "idempotency-key": words.replaceAll(" ", "-")
        }
      ),
    /** What WhatsApp has seen of the messages whose texts these are, once it has seen all. */
    seen: Effect.map(
      whole.whatsapp.control("messages"),
      (all) => all as ReadonlyArray<{ readonly waMessageId: string; readonly idsWithSameText: number }>
    ),
    sharedBy,
    /** Until both take part in everything. */
    bothAtWork: sharedBy(2)
  }
})

export class SharedGateways extends Context.Service<SharedGateways, Effect.Success<typeof make>>()(
  "homing/test/SharedGateways"
) {
  static readonly layer = Layer.effect(this, make)
}

export const numbered = (words: string, count: number) => Array.makeBy(count, (i) => `${words}-${i}`)
