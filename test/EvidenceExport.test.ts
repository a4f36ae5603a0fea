import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { bus, enrolled, offered, sends, startAgent, startGateway } from "./Apart.ts"
import { callerOf, connectedDevice, folder } from "./Homing.ts"
import { homing } from "./Process.ts"

/** A command that ends by itself: its exit code, and what it prints. */
const run = Effect.fnUntraced(function* (cwd: string, args: ReadonlyArray<string>, env: Record<string, string> = {}) {
  const process = yield* homing(["evidence", ...args], { cwd, env: { NO_COLOR: "1", ...env } })
  const { code } = yield* process.ended
  return { code, out: process.stdout(), err: process.stderr() }
})

it.live("who may send and read can check its own messages, with nothing but the export", () =>
  Effect.gen(function* () {
    const lane = yield* bus
    const root = yield* folder
    const path = join(root, "agent")
    const file = join(root, "evidence.json")
    const gateway = yield* startGateway(join(root, "gateway"), lane)
    const pin = yield* enrolled(gateway, path)
    const { body: own } = yield* gateway.call("GET", "/v1/gateway-keys")
    assert.strictEqual(own.items[0].signing, pin.gatewayKeys[0].signing)
    const offer = yield* offered(path, false)
    const exported = yield* Effect.scoped(
      Effect.gen(function* () {
        yield* startAgent(path, lane)
        const scopes = ["messages:send", "messages:read"]
        const { body: client } = yield* gateway.call("POST", "/v1/clients", { name: "shop", scopes })
        const reader = callerOf(gateway.url, client.key.secret)
        const shop = { ...gateway, call: reader }
        const message = yield* sends(shop, yield* connectedDevice(gateway), "hello")
        assert.strictEqual((yield* gateway.call("DELETE", `/v1/agents/home/keys/${offer.keyId}`)).status, 204)
        assert.strictEqual((yield* reader("GET", "/v1/agents")).status, 403)
        const { body } = yield* reader("GET", `/v1/messages/${message.id}/events`)
        const { body: agents } = yield* gateway.call("GET", "/v1/agents")
        const key = { keyId: offer.keyId, signing: offer.signing, state: "revoked", until: null }
        assert.deepStrictEqual(agents.items[0].keys, [key])
        assert.deepStrictEqual(body.keys, [{ agent: "home", ...key }])
        assert.deepStrictEqual([body.message, body.items[0].type], [message.id, "message.queued.v1"])

        const printed = yield* run(root, ["export", "--url", gateway.url, message.id], { API_KEY: client.key.secret })
        assert.deepStrictEqual({ ...printed, out: JSON.parse(printed.out) }, { code: 0, out: body, err: "" })
        return printed.out
      })
    )
    writeFileSync(file, exported)

    const told = yield* run(root, ["verify", file])
    assert.deepStrictEqual([told.code, told.err], [4, ""])
    assert.include(told.out, `✔ signed by agent home, key ${offer.keyId}, which was revoked`)
    assert.include(told.out, "--keys takes a file of lines that agents printed")

    const keys = join(root, "keys")
    writeFileSync(keys, `${JSON.stringify(offer)}\n`)
    const pinned = yield* run(root, ["verify", "--json", "--keys", keys, file])
    const summary = JSON.parse(pinned.out)
    assert.strictEqual(pinned.code, 0)
    assert.deepInclude(summary, { verdict: "signed", status: "sent", signedStatus: "sent", keys: "given" })
    assert.deepInclude(summary.events[1], { finding: "signed", agent: "home", keyId: offer.keyId })

    writeFileSync(keys, JSON.stringify(yield* offered(join(root, "office"), false, AgentId.make("office"))))
    const stranger = yield* run(root, ["verify", "--json", "--keys", keys, file])
    assert.strictEqual(stranger.code, 2)
    assert.deepInclude(JSON.parse(stranger.out).events[1], { finding: "refuted", flaw: "unknown_key" })

    writeFileSync(keys, "\n")
    const unpinned = yield* run(root, ["verify", "--keys", keys, file])
    assert.deepStrictEqual([unpinned.code, unpinned.out], [1, ""])
    assert.include(unpinned.err, `${keys} holds no key`)

    const { items, ...rest } = JSON.parse(exported)
    writeFileSync(file, JSON.stringify({ ...rest, items: items.slice(0, 1) }))
    assert.strictEqual((yield* run(root, ["verify", file])).code, 3)
    writeFileSync(file, "{}")
    const nothing = yield* run(root, ["verify", file])
    assert.strictEqual(nothing.code, 1)
    assert.strictEqual(
      nothing.err,
      `homing: ${file} is not what \`homing evidence export\` prints: /message, where it has a value\n`
    )
  })
)
