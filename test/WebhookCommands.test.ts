import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, connectedDevice, eventually, folder, gatewayOptions, start, text } from "./Homing.ts"
import { homing } from "./Process.ts"
import { isVerified, receiver } from "./Receiver.ts"

const ports = NodeHttpOutbound.layer({ allow: [{ range: "loopback", port: undefined }] })
const options = { ...gatewayOptions, webhooks: { delaysMillis: [0] } }
const queued = "homing.message.queued.v1"

const scene = Effect.gen(function* () {
  const cwd = yield* folder
  const gateway = yield* start(yield* folder, AcknowledgesAtOnce.layer, { ports, options })
  const run = Effect.fnUntraced(function* (what: string, ...args: ReadonlyArray<string>) {
    const env = { NO_COLOR: "1", API_KEY: apiKey }
    const process = yield* homing([...what.split(" "), "--url", gateway.url, ...args], { cwd, env })
    const { code } = yield* process.ended
    return { code, err: process.stderr().trimEnd(), said: process.stdout().trimEnd() }
  })
  const json = (what: string, ...args: ReadonlyArray<string>) =>
    Effect.map(run(what, "--json", ...args), ({ code, err, said }) => {
      assert.deepStrictEqual([code, err], [0, ""])
      return said === "" ? [] : said.split("\n").map((line) => JSON.parse(line))
    })
  return { ...gateway, run, json }
})

it.live(
  "an operator has endpoints by command: makes one, tries it out, turns it off and on, changes its secret, removes it",
  () =>
    Effect.gen(function* () {
      const { json, run } = yield* scene
      let status = 204
      const there = yield* receiver(() => status)
      const [made] = yield* json("endpoints create", there.url, "--types", queued)
      assert.deepStrictEqual([made.url, made.types, made.personal, made.state], [there.url, [queued], false, "enabled"])
      const tested = yield* run("endpoints test", made.id)
      assert.deepStrictEqual([tested.code, tested.err], [0, ""])
      assert.match(tested.said, /^it was answered 204/)
      assert.isTrue(isVerified(made.secret, there.arrivals[0]!))
      const strange = yield* run("endpoints create", there.url, "--types", `${queued},homing.any`)
      assert.deepStrictEqual([strange.code, strange.err], [1, "homing: there are no events of the type homing.any"])
      status = 500
      const failed = yield* run("endpoints test", made.id)
      assert.deepStrictEqual([failed.code, failed.err], [1, "homing: the test did not arrive: it was answered 500"])
      const off = yield* run("endpoints disable", made.id)
      assert.deepStrictEqual([off.code, off.said], [0, `${made.id}  disabled (operator)  ${there.url}`])
      const rotated = yield* run("endpoints rotate", "--overlap", "0", made.id)
      assert.match(rotated.said, /\n {2}secret whsec_\S+ /)
      assert.strictEqual((yield* json("endpoints enable", made.id))[0].state, "enabled")
      const [shown] = yield* json("endpoints show", made.id)
      assert.deepStrictEqual([shown.id, shown.secret, shown.keys.length], [made.id, undefined, 1])
      assert.strictEqual((yield* run("endpoints remove", made.id)).code, 0)
      assert.deepStrictEqual(yield* json("endpoints list"), [])
      const none = yield* run("endpoints show", made.id)
      assert.deepStrictEqual([none.code, none.said], [1, ""])
      assert.match(none.err, /^homing: the gateway answers 404 endpoint_not_found: [^\n]+$/)
    })
)

it.live("an operator sees deliveries by command, and redrives one, some, or those of a time", () =>
  Effect.gen(function* () {
    const { call, json, run, ...gateway } = yield* scene
    const device = yield* connectedDevice({ ...gateway, call })
    let status = 500
    const there = yield* receiver(() => status)
    const { body: endpoint } = yield* call("POST", "/v1/endpoints", { url: there.url, types: [queued] })
    for (let n = 0; n < 4; n++) yield* call("POST", "/v1/messages", text(device))
    const dead = call("GET", `/v1/deliveries?endpoint=${endpoint.id}&status=dead`)
    yield* eventually(dead, ({ body }) => body.items.length === 4)
    status = 200
    const listed = yield* json("deliveries list", endpoint.id, "--status", "dead")
    const [last, third, second, first] = listed
    const [shown] = yield* json("deliveries show", first.id)
    assert.deepStrictEqual([shown.id, shown.attempts[0].status], [first.id, 500])
    const unknown = endpoint.id
    const some = yield* run("deliveries redrive", first.id, unknown)
    assert.strictEqual(some.code, 1)
    assert.match(
      some.err,
      new RegExp(`^homing: ${unknown}: .*delivery_not_found.*\nhoming: 1 of 2 deliveries are redriven$`)
    )
    yield* until(() => there.arrivals.length === 5)
    assert.strictEqual(there.arrivals[4]!.id, first.id)
    const times = ["--from", second.recordedAt, "--to", last.recordedAt]
    const between = listed
      .filter(({ recordedAt }) => recordedAt >= second.recordedAt && recordedAt < last.recordedAt)
      .map(({ id }) => id)
    assert.include(between, third.id)
    const ranged = yield* json("deliveries redrive", "--endpoint", endpoint.id, ...times)
    assert.deepStrictEqual(
      ranged.map(({ id }) => id),
      between.filter((id) => id !== first.id)
    )
    const delivered = call("GET", `/v1/deliveries?endpoint=${endpoint.id}&status=delivered`)
    yield* eventually(delivered, ({ body }) => body.items.length === ranged.length + 1)
    for (const args of [[], ["--endpoint", endpoint.id, first.id]]) {
      const { code, err } = yield* run("deliveries redrive", ...args)
      assert.deepStrictEqual([code, err], [1, "homing: name the deliveries, or say --endpoint or --target"])
    }
    const mistyped = yield* run("deliveries list", endpoint.id, "--from", "yesterday")
    assert.strictEqual(mistyped.code, 1)
    assert.isAtMost(mistyped.err.split("\n").length, 2)
  })
)
