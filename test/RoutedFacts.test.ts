import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { arrived, listed, scene } from "./ForwardingScene.ts"
import { eventually, folder } from "./Homing.ts"
import { post } from "./MetaFixture.ts"
import { scan, simulator, started } from "./Process.ts"
import { isSigned, isVerified, receiver } from "./Receiver.ts"

const secret = "what it shows"
const [ana, ben] = ["5511987654321", "4915112345678"]
const upsert = (id: string, from: string, sessionId = "main-7") => ({
  event: "messages.upsert",
  sessionId,
  data: { messages: { key: { id, fromMe: false, remoteJid: `${from}@s.whatsapp.net` }, message: { conversation: id } } }
})

describe("facts that are not Meta's", () => {
  it.live("of a session source are led by its own routes: by number, and by session", () =>
    Effect.gen(function* () {
      const homing = yield* scene({ sessions: Redacted.make({ sender: { secret } }) })
      const [brazil, other] = [yield* receiver(), yield* receiver()]
      const app = "session.sender"
      const br = yield* homing.call("POST", "/v1/targets", { app, name: "br", url: brazil.url, region: "br" })
      assert.deepStrictEqual([br.status, br.body.app], [201, app])
      yield* homing.call("POST", "/v1/targets", { app, name: "other", url: other.url })
      const whole = yield* homing.call("POST", "/v1/targets", { app, name: "whole", url: other.url, unit: "raw" })
      assert.deepStrictEqual([whole.status, whole.body.errors?.[0].pointer], [422, "/unit"])
      const set = yield* homing.call("PUT", `/v1/routes?app=${app}`, {
        accounts: { "desk-1": ["other"] },
        prefixes: { "55": ["br"] }
      })
      assert.deepStrictEqual([set.status, set.body.app], [200, app])

      const explained = yield* homing.call("POST", `/v1/routes/explain?app=${app}`, upsert("A", ana))
      const [change] = explained.body.changes
      assert.deepStrictEqual(
        [change.by, change.matched, change.targets[0].name, change.account],
        ["prefix", "55", "br", "main-7"]
      )
      for (const said of [upsert("A", ana), upsert("B", ben), upsert("C", ana, "desk-1")]) {
        const shown = { "x-webhook-signature": secret, "x-hub-signature-256": undefined }
        assert.strictEqual(
          (yield* post(homing.url, JSON.stringify(said), shown, "/webhooks/sessions/sender")).status,
          200
        )
      }
      yield* arrived(brazil.arrivals, 1)
      yield* arrived(other.arrivals, 1)
      yield* Effect.sleep("300 millis")
      const told = ({ arrivals }: typeof brazil) => arrivals.map(({ body }) => body.data.payload.data.messages.key.id)
      assert.deepStrictEqual([told(brazil), told(other)], [["A"], ["C"]])
      const [only] = brazil.arrivals
      assert.deepInclude(only!.body, { type: "homing.session.received.v1", source: "/sessions/sender" })
      assert.isTrue(isVerified(br.body.secret, only!))
      assert.isTrue(isSigned(br.body.keys[0].publicKey, only!))
      const [delivery] = yield* eventually(
        listed(homing, br.body.id, "&status=delivered"),
        ({ length }) => length === 1
      )
      assert.deepStrictEqual([delivery.id, delivery.kind], [only!.id, "fact"])
    })
  )

  it.live("of a device are led by the routes of all devices, to a target that is added while it runs", () =>
    Effect.gen(function* () {
      const own = "4915123987604"
      const cwd = yield* folder
      const whatsapp = yield* simulator(cwd)
      const env = { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, OUTBOUND_ALLOW: "loopback" }
      const gateway = yield* started({ cwd, env })
      const { body: made } = yield* gateway.call("POST", "/v1/devices", { name: "desk", pairing: "qr" })
      yield* scan(gateway, whatsapp, made.id, own)
      const says = (from: string, text: string) => whatsapp.control("incoming", { from, to: own, text })
      yield* says(ana, "before there was a route")
      yield* eventually(gateway.call("GET", "/v1/inbound"), ({ body }) => body.items?.length === 1)

      const [brazil, europe] = [yield* receiver(), yield* receiver()]
      const app = "own.devices"
      const add = (name: string, url: string) => gateway.call("POST", "/v1/targets", { app, name, url, region: name })
      const { body: br } = yield* add("br", brazil.url)
      yield* add("eu", europe.url)
      const routes = { prefixes: { "55": ["br"], "49": ["eu"] } }
      assert.strictEqual((yield* gateway.call("PUT", `/v1/routes?app=${app}`, routes)).status, 200)
      yield* says(ana, "oi")
      yield* says(ben, "hallo")
      yield* arrived(brazil.arrivals, 1)
      yield* arrived(europe.arrivals, 1)
      const told = ({ arrivals }: typeof brazil) => arrivals.map(({ body }) => body.data.content.text)
      assert.deepStrictEqual([told(brazil), told(europe)], [["oi"], ["hallo"]])
      const [only] = brazil.arrivals
      assert.deepInclude(only!.body, { type: "homing.inbound.message.v1", source: `/devices/${made.id}` })
      assert.isTrue(isVerified(br.secret, only!))
    })
  )
})
