import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { callerOf, eventually, folder } from "./Homing.ts"
import { changed, contact, message, post, status } from "./MetaFixture.ts"
import { atLeast, countOf, gateway, stored, type Told, text, told, valueIn } from "./MetaKept.ts"

describe("what Meta tells, told on", () => {
  it.live("is told once to whoever may read all, each of one person, and to nobody else", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path)
      const body = text(
        changed({
          contacts: [contact("5511987654321", "Ana"), contact("4915112345678", "Ben")],
          messages: [message("A", "oi", "5511987654321"), message("B", "hallo", "4915112345678")],
          statuses: [status("S", "sent"), status("S", "delivered")]
        })
      )
      const answers = yield* Effect.forEach([1, 2, 3], () => post(homing.url, body), { concurrency: 3 })
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [200, 200, 200]
      )
      // another batch with one that was told, and one that was not
      yield* post(
        homing.url,
        text(changed({ messages: [message("B", "hallo", "4915112345678")], statuses: [status("S", "read")] }))
      )
      const all = yield* eventually(told(homing), atLeast(5))
      yield* eventually(
        Effect.sync(() => countOf(path, "batch.split.v1")),
        (count) => count === 2
      )
      assert.deepStrictEqual(all.map(({ type }) => type).toSorted(), [
        "homing.meta.message.v1",
        "homing.meta.message.v1",
        "homing.meta.status.v1",
        "homing.meta.status.v1",
        "homing.meta.status.v1"
      ])
      assert.strictEqual(countOf(path, "meta.received.v1"), 5)
      const [ana] = all.filter(({ data }) => data.person?.phone === "+5511987654321")
      assert.deepStrictEqual(valueIn(ana!).contacts, [contact("5511987654321", "Ana")])
      assert.strictEqual(valueIn(ana!).messages[0].text.body, "oi")
      assert.deepInclude(ana!.data, { app: "default", account: "102290129340398", field: "messages", kind: "message" })
      assert.strictEqual(ana!.source, "/meta/default")
      assert.strictEqual(ana!.data.sentAt, "2025-06-08T20:59:43.000Z")
      const statuses = all.filter(({ type }) => type === "homing.meta.status.v1")
      assert.deepStrictEqual(
        statuses.map(({ data }) => data.status),
        ["sent", "delivered", "read"]
      )
      assert.strictEqual(new Set(statuses.map(({ data }) => data.target)).size, 1)

      const again = yield* homing.call("GET", `/v1/meta/facts/${ana!.data.id}`)
      assert.deepStrictEqual([again.status, again.body], [200, ana!.data])
      const device = "01a204f5-0000-7000-8000-000000000000"
      for (const id of [device, "nonsense", stored(path).length]) {
        assert.strictEqual((yield* homing.call("GET", `/v1/meta/facts/${id}`)).body.code, "inbound_not_found")
      }

      const asked = { name: "shop", scopes: ["events:read", "messages:read"] }
      const { body: client } = yield* homing.call("POST", "/v1/clients", asked)
      const { body: seen, status: allowed } = yield* callerOf(homing.url, client.key.secret)(
        "GET",
        "/v1/events?limit=500"
      )
      assert.deepStrictEqual([allowed, seen.items], [200, []])
      const refused = yield* callerOf(homing.url, client.key.secret)("GET", `/v1/meta/facts/${ana!.data.id}`)
      assert.strictEqual(refused.status, 403)
    })
  )

  it.live(
    "is kept whole when it is of a kind that nobody knows, when it is no UTF-8, and when it says two things",
    () =>
      Effect.gen(function* () {
        const homing = yield* gateway(yield* folder)
        const odd = '{"event":"NEW","id":12345678901234567890,"deep":{"a":[1,null,"x"]}}'
        const whole = text(changed({}, "partner_solutions")).replace('"messaging_product":"whatsapp"', `"odd":${odd}`)
        const broken = Buffer.from(
          text(changed({ messages: [message("C", "caf\u0001", "15550001111")] })).replace("\\u0001", "!")
        )
        broken[broken.indexOf("!")] = 0xff
        for (const body of [whole, broken, text({ object: "whatsapp_business_account", entry: "nonsense" })]) {
          assert.strictEqual((yield* post(homing.url, body)).status, 200)
        }
        for (const said of ["one", "another"]) {
          assert.strictEqual((yield* post(homing.url, text(changed({ messages: [message("D", said)] })))).status, 200)
        }
        const all = yield* eventually(told(homing), atLeast(5))
        const [solution] = all.filter(({ data }) => data.field === "partner_solutions")
        assert.strictEqual(solution!.type, "homing.meta.other.v1")
        assert.deepStrictEqual(valueIn(solution!).odd, {
          event: "NEW",
          id: "12345678901234567890",
          deep: { a: [1, null, "x"] }
        })
        const said = all
          .filter(({ type }) => type === "homing.meta.message.v1")
          .map((one) => valueIn(one).messages[0].text.body)
        assert.sameMembers(said, ["caf\ufffd", "one", "another"])
        assert.lengthOf(
          all.filter(({ data }) => data.conflicting === true),
          1
        )
        assert.lengthOf(
          homing.lines.filter((line) => line.includes("Meta told two things under one name")),
          1
        )
        yield* post(homing.url, `${text(changed({ messages: [message("D", "another")] }))} `) // told again, it is no third
        yield* post(homing.url, text(changed({ messages: [message("E", "last")] })))
        assert.lengthOf(yield* eventually(told(homing), atLeast(6)), 6)
      })
  )

  it.live("is each fact once, in the order of its person, whatever Meta repeats, reorders and gathers", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path, { appSecret: Redacted.make("5f2b8c0d9e1a4763b8c0d9e1a47635f2") })
      const people = Array.from({ length: 7 }, (_, i) => `1555000${1000 + i}`)
      const items = Array.from({ length: 210 }, (_, i) => message(String(i), `no. ${i}`, people[i % people.length]!))
      const batches = Array.from({ length: 30 }, (_, i) => text(changed({ messages: items.slice(i * 7, i * 7 + 7) })))
      yield* Effect.forEach(batches, (body) => post(homing.url, body)) // in order
      const again = batches
        .toReversed()
        .flatMap((body, i) => [body, text(changed({ messages: [items[i]!, items[209 - i]!] }))])
      yield* Effect.forEach(again, (body) => post(homing.url, body), { concurrency: 8 })
      yield* eventually(
        Effect.sync(() => countOf(path, "batch.split.v1")),
        (count) => count === countOf(path, "batch.received.v1")
      )
      const all = yield* told(homing)
      const ids = all.map((one) => valueIn(one).messages[0].id as string)
      assert.sameMembers(
        ids,
        items.map(({ id }) => id)
      )
      for (const person of people) {
        const own = all
          .filter(({ data }) => data.person.phone === `+${person}`)
          .map((one) => valueIn(one).messages[0].id)
        assert.deepStrictEqual(
          own,
          items.filter(({ from }) => from === person).map(({ id }) => id)
        )
      }
    })
  )

  it.live("is told whole when it is longer than an event may be, few of these in one answer", () =>
    Effect.gen(function* () {
      const homing = yield* gateway(yield* folder)
      const history = (n: number) => ({ history: [{ threads: [{ id: String(n), text: "ü".repeat(200_000) }] }] })
      for (let n = 0; n < 6; n++) {
        assert.strictEqual((yield* post(homing.url, text(changed(history(n), "history")))).status, 200)
      }
      const last = changed({ messages: [message("last", "hello")] })
      yield* post(homing.url, text(last))
      const read = Effect.gen(function* () {
        const pages: Array<ReadonlyArray<Told>> = []
        for (let next = "", more = true; more; ) {
          const { body } = yield* homing.call("GET", `/v1/events?limit=500${next}`)
          pages.push(body.items)
          more = body.more
          next = `&after=${body.next}`
        }
        return pages
      })
      const pages = yield* eventually(read, (found) => found.flat().length === 7)
      assert.deepStrictEqual(
        // people side by side; whoever has no history stands last
        pages
          .flat()
          .map((one) => valueIn(one).history?.[0].threads[0].text.length)
          .toSorted(),
        [...Array.from({ length: 6 }, () => 200_000), undefined]
      )
      const long = pages.map((page) => page.filter((one) => valueIn(one).history !== undefined).length)
      assert.isAtMost(Math.max(...long), 4)
      const asked = { name: "counter", scopes: ["events:read"] }
      const { body: client } = yield* homing.call("POST", "/v1/clients", asked)
      const { body: seen } = yield* callerOf(homing.url, client.key.secret)("GET", "/v1/events?limit=500")
      assert.deepStrictEqual(seen.items, [])
    })
  )
})
