import { createHmac } from "node:crypto"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { arrived, listed, route, saidIn, scene, target } from "./ForwardingScene.ts"
import { eventually, folder, life } from "./Homing.ts"
import { changed, contact, message, post, signed, status } from "./MetaFixture.ts"
import { isSigned, isVerified, receiver } from "./Receiver.ts"

const [ana, ben, may] = ["5511987654321", "4915112345678", "8613812345678"]
const batch = changed({
  contacts: [contact(ana, "Ana"), contact(ben, "Ben")],
  messages: [message("A", "oi", ana), message("B", "hallo", ben), message("C", "tudo", ana)]
})

describe("what Meta tells", () => {
  it.live("goes to the region of whom it is with, in Meta's shape with nobody else in it, signed", () =>
    Effect.gen(function* () {
      const homing = yield* scene()
      const [brazil, europe] = [yield* receiver(), yield* receiver()]
      const br = yield* target(homing, "br", brazil.url, { region: "br" })
      const eu = yield* target(homing, "eu", europe.url, { region: "eu" })
      yield* route(homing, { prefixes: { "55": ["br"], "49": ["eu"] } })
      assert.strictEqual((yield* post(homing.url, JSON.stringify(batch))).status, 200)
      yield* arrived(brazil.arrivals, 2)
      yield* arrived(europe.arrivals, 1)
      assert.deepStrictEqual(
        brazil.arrivals.map((one) => saidIn(one).messages[0].text.body),
        ["oi", "tudo"]
      )
      const [only] = europe.arrivals
      const [entry] = batch.entry
      const [change] = entry!.changes
      const value = { ...change!.value, contacts: [contact(ben, "Ben")], messages: [message("B", "hallo", ben)] }
      assert.deepStrictEqual(only!.body, { ...batch, entry: [{ ...entry, changes: [{ ...change, value }] }] })
      assert.isTrue(isVerified(eu.secret, only!))
      assert.isTrue(isSigned(eu.keys[0]!.publicKey, only!))
      assert.isFalse(isVerified(br.secret, only!))
      const hub = `sha256=${createHmac("sha256", eu.secret).update(only!.text).digest("hex")}`
      assert.strictEqual(only!.headers["x-hub-signature-256"], hub)
      assert.strictEqual(only!.headers["x-destination-name"], "eu")
      const digests = [...brazil.arrivals, only!].map(({ headers }) => headers["x-request-digest"])
      assert.lengthOf([...new Set(digests)], 1)
      const [delivery] = yield* eventually(listed(homing, eu.id, "&status=delivered"), ({ length }) => length === 1)
      assert.deepStrictEqual(
        [delivery.id, delivery.kind, delivery.type, delivery.target, delivery.endpoint],
        [only!.id, "change", "homing.meta.message.v1", eu.id, undefined]
      )
    })
  )

  it.live("goes whole, as Meta signed it, to whoever takes it so, and once per request", () =>
    Effect.gen(function* () {
      const homing = yield* scene()
      const [agent, other] = [yield* receiver(), yield* receiver()]
      const { id } = yield* target(homing, "agent", agent.url, { unit: "raw", gatewaySecret: "shared" })
      yield* target(homing, "other", other.url, { unit: "raw" })
      yield* route(homing, { fields: { messages: ["agent"] }, others: ["other"] })
      const body = `${JSON.stringify(batch, undefined, 1)}\n`
      for (const _ of [1, 2]) yield* post(homing.url, body)
      yield* arrived(agent.arrivals, 1)
      yield* post(homing.url, JSON.stringify(changed({ event: "x" }, "account_update")))
      yield* arrived(other.arrivals, 1)
      const [one] = agent.arrivals
      assert.strictEqual(one!.text, body)
      const { headers } = one!
      assert.deepStrictEqual(
        [
          headers["x-meta-signature-256"],
          headers["x-source"],
          headers["x-destination-name"],
          headers["x-gateway-secret"]
        ],
        [signed(body), "p2e-inferno-gateway", "agent", "shared"]
      )
      assert.strictEqual(other.arrivals[0]!.headers["x-gateway-secret"], undefined)
      const [delivery] = yield* eventually(listed(homing, id, "&status=delivered"), ({ length }) => length === 1)
      assert.deepStrictEqual([delivery.kind, delivery.type], ["raw", "homing.meta.request.v1"])
      assert.lengthOf(agent.arrivals, 1)
      assert.lengthOf(other.arrivals, 1)
    })
  )

  it.live("goes where the routes of its moment lead, whenever that is found out; before there are any, nowhere", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const once = yield* life
      const homing = yield* once.during(scene({}, {}, path))
      const [first, second] = [yield* receiver(), yield* receiver()]
      const say = (id: string) => post(homing.url, JSON.stringify(changed({ messages: [message(id, id, ana)] })))
      const isFact = (n: number) =>
        eventually(homing.call("GET", "/v1/events?limit=100"), ({ body }) => body.items.length >= n)
      yield* say("before")
      yield* isFact(1)
      yield* target(homing, "first", first.url)
      yield* target(homing, "second", second.url)
      yield* route(homing, { others: ["first"] })
      yield* say("one")
      yield* isFact(2)
      yield* route(homing, { others: ["second"] })
      yield* say("two")
      yield* arrived(first.arrivals, 1)
      yield* arrived(second.arrivals, 1)
      yield* once.end
      for (const end of ["", "-wal", "-shm"]) rmSync(join(path, `views.db${end}`), { force: true })
      yield* scene({}, {}, path)
      yield* arrived(first.arrivals, 2)
      yield* arrived(second.arrivals, 2)
      const told = [first, second].map(({ arrivals }) =>
        arrivals.map((one) => [one.id, saidIn(one).messages[0].text.body])
      )
      const [[one], [two]] = told as unknown as [[[string, string]], [[string, string]]]
      assert.deepStrictEqual(told, [
        [one, one],
        [two, two]
      ])
      assert.deepStrictEqual([one[1], two[1]], ["one", "two"])
    })
  )

  it.live("waits for a target that is away, in the order of each chat, and no other target waits with it", () =>
    Effect.gen(function* () {
      const homing = yield* scene()
      let isUp = false
      const away = yield* receiver(() => (isUp ? 200 : 503))
      const there = yield* receiver()
      const { id } = yield* target(homing, "away", away.url)
      yield* target(homing, "there", there.url)
      yield* route(homing, { prefixes: { "55": ["away"], "49": ["away", "there"], "86": ["there"] } })
      const people = [ana, ben, may]
      for (let n = 0; n < 30; n++) {
        yield* post(homing.url, JSON.stringify(changed({ messages: [message(`${n}`, `${n}`, people[n % 3])] })))
      }
      yield* arrived(there.arrivals, 20)
      assert.strictEqual((yield* listed(homing, id, "&status=pending")).length, 20)
      isUp = true
      const failed = away.arrivals.length
      yield* eventually(listed(homing, id, "&status=delivered"), ({ length }) => length === 20)
      const taken = away.arrivals.slice(failed).map((one) => Number(saidIn(one).messages[0].text.body))
      for (const chat of [0, 1]) {
        const own = taken.filter((n) => n % 3 === chat)
        assert.deepStrictEqual(
          own,
          own.toSorted((a, b) => a - b)
        )
        assert.lengthOf(own, 10)
      }
      assert.lengthOf(there.arrivals, 20)
    })
  )

  it.live("is given up after its time, alone, and redriven under its id", () =>
    Effect.gen(function* () {
      const homing = yield* scene({}, { retries: { delaysMillis: [0, 50], lastingMillis: 0 } })
      let isUp = false
      const there = yield* receiver(() => (isUp ? 200 : 500))
      const { id } = yield* target(homing, "there", there.url)
      yield* route(homing, { others: ["there"] })
      yield* post(homing.url, JSON.stringify(changed({ statuses: [status("S", "sent"), status("S", "read")] })))
      const dead = yield* eventually(listed(homing, id, "&status=dead"), ({ length }) => length === 2)
      isUp = true
      const before = there.arrivals.length
      const asked = yield* homing.call("POST", `/v1/deliveries/${dead[0].id}/redrive`, {})
      assert.strictEqual(asked.status, 200)
      yield* arrived(there.arrivals, before + 1)
      yield* Effect.sleep("300 millis")
      assert.deepStrictEqual(
        there.arrivals.slice(before).map((one) => one.id),
        [dead[0].id]
      )
      const unknown = yield* homing.call("GET", `/v1/deliveries?target=${dead[0].id}`)
      assert.deepStrictEqual([unknown.status, unknown.body.code], [404, "target_not_found"])
      const both = yield* homing.call("GET", `/v1/deliveries?target=${id}&endpoint=${id}`)
      assert.deepStrictEqual([both.status, both.body.code], [422, "invalid_request"])
    })
  )

  it.live("arrives under the same id when nobody lived to record that it had", () =>
    Effect.gen(function* () {
      const path = yield* folder
      let isOver = false
      const there = yield* receiver(() => (isOver ? 200 : new Promise<number>(() => {})))
      const first = yield* life
      const homing = yield* first.during(scene({}, {}, path))
      yield* target(homing, "there", there.url, { unit: "raw" })
      yield* route(homing, { others: ["there"] })
      const body = JSON.stringify(batch)
      yield* post(homing.url, body)
      yield* arrived(there.arrivals, 1)
      yield* first.end
      isOver = true
      yield* scene({}, {}, path)
      yield* arrived(there.arrivals, 2)
      assert.deepStrictEqual(
        there.arrivals.map(({ id, text }) => [id, text]),
        [
          [there.arrivals[0]!.id, body],
          [there.arrivals[0]!.id, body]
        ]
      )
    })
  )
})
