import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { compactDecrypt, importJWK } from "jose"
import { connect } from "nats"
import { EventBus } from "#domain/ports/EventBus.ts"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import { eventsEnd } from "#infra/bus/jetstream/testing/JetStreamFixture.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { scanner } from "./Canaries.ts"
import { connectedDevice, eventually, folder, gatewayOptions, start, text } from "./Homing.ts"
import { homing } from "./Process.ts"
import { describeWith } from "./servers/Installed.ts"
import { natsServer } from "./servers/Nats.ts"

/** Numbers, names and texts on the bus: for whoever holds a key, and nowhere to be seen for anybody else. */

const said = "the zanzibar quokka sings at noon"
const canaries = scanner({ number: "60123456789", said, "device's name": "test phone" })

const makes = Effect.fnUntraced(function* (cwd: string, kid: string) {
  const process = yield* homing(["sealing-key", kid], { cwd })
  const { code } = yield* process.ended
  return { code, out: process.stdout(), err: process.stderr() }
})
/** As an operator and a service make one. */
const madeKey = Effect.fnUntraced(function* (cwd: string, kid: string) {
  const { code, out } = yield* makes(cwd, kid)
  assert.strictEqual(code, 0)
  const setting = /^EVENTS_SEALING_KEYS=(.*)\n$/.exec(out)![1]!
  return { setting, own: JSON.parse(readFileSync(join(cwd, `${kid}.jwk`), "utf8")) }
})

interface Told {
  readonly id: string
  readonly type: string
  readonly data: object
  readonly sealed?: string
}

/** Everything on the stream so far. */
const onBus = (servers: string) =>
  Effect.promise(async () => {
    const nats = await connect({ servers })
    try {
      const jsm = await nats.jetstreamManager()
      const { state } = await jsm.streams.info("EVENTS")
      const found: Array<Told> = []
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        found.push((await jsm.streams.getMessage("EVENTS", { seq })).json<Told>())
      }
      return found
    } finally {
      await nats.close()
    }
  })

const openedBy = (own: { readonly kid: string }, { id, sealed = "" }: Told) =>
  Effect.promise(async () => {
    const key = await importJWK(own, "ECDH-ES")
    for (const jwe of sealed.split(" ")) {
      const header = JSON.parse(Buffer.from(jwe.split(".")[0]!, "base64url").toString() || "{}")
      if (header.kid !== own.kid) continue
      const { plaintext, protectedHeader } = await compactDecrypt(jwe, key)
      assert.strictEqual(Buffer.from(protectedHeader.apu as string, "base64url").toString(), id)
      return JSON.parse(new TextDecoder().decode(plaintext)) as object
    }
    return undefined
  })

describeWith("nats-server", "what is personal in events on the bus", () => {
  it.live("is opened by each who holds a key, whole as elsewhere, and is in nothing that the server keeps", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const server = yield* natsServer()
      const [one, two] = [yield* madeKey(cwd, "billing-1"), yield* madeKey(cwd, "audit-1")]
      const keys = [one, two].flatMap(({ setting }) => JSON.parse(setting).keys)
      const ports = Layer.effect(
        EventBus,
        eventsEnd({ url: server.url, events: { consumers: [], maxBytes: 16 * 1_048_576, keptMillis: 86_400_000 } })
      )
      const announcements = { sealingKeys: sealingKeysIn(JSON.stringify({ keys })) }
      const options = { ...gatewayOptions, announcements }
      const gateway = yield* start(yield* folder, AcknowledgesAtOnce.make().layer, { ports, options })
      const device = yield* connectedDevice(gateway)
      const { body } = yield* gateway.call("POST", "/v1/messages", text(device, said))
      assert.strictEqual(body.status, "sent")
      const log: ReadonlyArray<Told> = (yield* gateway.call("GET", "/v1/events?limit=500")).body.items
      assert.include(JSON.stringify(log), said)
      const look = Effect.catchDefect(onBus(server.url), () => Effect.succeed([])) // it may just be made
      const published = yield* eventually(look, ({ length }) => length >= log.length)
      let sealed = 0
      for (const [i, event] of log.entries()) {
        const found = published[i]!
        assert.deepStrictEqual([found.id, found.type], [event.id, event.type])
        for (const { own } of [one, two]) {
          assert.deepStrictEqual((yield* openedBy(own, found)) ?? found.data, event.data)
        }
        if (found.sealed !== undefined) sealed++
      }
      assert.isAtLeast(sealed, 2)
      assert.isBelow(sealed, log.length)
      yield* server.kill("SIGTERM") // so that all of it is in its files
      assert.deepStrictEqual(canaries.inFolder(server.directory).findings, [])
      assert.isNotEmpty(scanner({ type: "homing.message.sent.v1" }).inFolder(server.directory).findings)
    })
  )

  it.live("is sealed for a key that never comes near the gateway, and is made once", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const { own, setting } = yield* madeKey(cwd, "billing-1")
      const file = join(cwd, "billing-1.jwk")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.lengthOf(sealingKeysIn(setting)!, 1)
      assert.isUndefined(sealingKeysIn(JSON.stringify({ keys: [own] })))
      assert.notInclude(setting, own.d)
      const again = yield* makes(cwd, "billing-1")
      assert.strictEqual(again.code, 1)
      assert.strictEqual(again.out, "")
      assert.match(again.err, /billing-1\.jwk/)
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), own)
    })
  )
})
