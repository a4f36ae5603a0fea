import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { eventually, text } from "./Homing.ts"
import { type Arrival, isSigned, isVerified, receiver } from "./Receiver.ts"
import { arrived, endpoint, listed, messages, scene, typesOf } from "./WebhookScene.ts"

describe("a webhook", () => {
  it.live("tells what happens, in its order, signed as Standard Webhooks has it", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver()
      const { id, keys, secret } = yield* endpoint({ call }, there.url, { personal: true })
      const { body: message } = yield* call("POST", "/v1/messages", text(device, "to be told"))
      yield* arrived(there.arrivals, 2)
      const { body: history } = yield* call("GET", `/v1/messages/${message.id}/events`)
      const recorded = (history.items as ReadonlyArray<{ id: string }>).map(({ id }) => id)
      assert.deepStrictEqual(
        there.arrivals.map(({ body }) => body.id),
        recorded
      )
      assert.deepStrictEqual(typesOf(there.arrivals), messages)
      for (const arrival of there.arrivals) {
        assert.isTrue(isVerified(secret, arrival))
        assert.isTrue(isSigned(keys[0].publicKey, arrival))
        assert.strictEqual(arrival.body.subject, message.id)
        assert.isFalse(arrival.id.includes("."))
        assert.include(arrival.headers["content-type"], "application/cloudevents+json")
      }
      const [first] = there.arrivals
      assert.deepStrictEqual([first!.body.data.to, first!.body.data.content.text], ["+60123456789", "to be told"])
      const sequences = there.arrivals.map(({ body }) => body.sequence as string)
      assert.deepStrictEqual(sequences, sequences.toSorted())
      assert.lengthOf([...new Set(there.arrivals.map(({ id }) => id))], 2)
      const items = yield* eventually(listed({ call }, id), (items) =>
        items.every(({ status }: { status: string }) => status === "delivered")
      )
      assert.deepStrictEqual(
        items.map(({ id }: { id: string }) => id),
        there.arrivals.map(({ id }) => id).toReversed()
      )
      assert.deepStrictEqual(items[0].attempts[0].status, 204)
      const shown = yield* call("GET", `/v1/endpoints/${id}`)
      assert.deepStrictEqual([shown.body.secret, shown.body.state, shown.body.url], [undefined, "enabled", there.url])
    })
  )

  it.live("tells no number and no text to whoever may not read them, and only what it asks for", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver()
      yield* endpoint({ call }, there.url, { types: [messages[0]] })
      const other = yield* receiver()
      yield* endpoint({ call }, other.url, { types: [], device: "99999999-9999-7999-8999-999999999999" })
      yield* call("POST", "/v1/messages", text(device, "a secret text"))
      yield* call("POST", "/v1/messages", text(device, "another one"))
      yield* arrived(there.arrivals, 2)
      assert.deepStrictEqual(typesOf(there.arrivals), [messages[0], messages[0]])
      for (const arrival of there.arrivals) assert.notMatch(arrival.text, /60123456789|secret text|another one/)
      assert.deepStrictEqual(other.arrivals, [])
    })
  )

  it.live("tells what a contact wrote", () =>
    Effect.gen(function* () {
      const { call, device, tell } = yield* scene()
      const there = yield* receiver()
      const { secret } = yield* endpoint({ call }, there.url, { types: ["homing.inbound.message.v1"], personal: true })
      const sender = { kind: "person", phone: PhoneNumber.make("+60123456780") } as const
      const heard = { chat: sender, sender, fromMe: false, content: { type: "text", text: "is it here?" } } as const
      const held = yield* Deferred.make<void>()
      const taken = Effect.asVoid(Deferred.succeed(held, undefined))
      yield* tell({
        _tag: "Heard",
        device: device as never,
        heard: { waMessageId: "A1", ...heard },
        taken,
        refused: Effect.void
      })
      yield* arrived(there.arrivals, 1)
      yield* Deferred.await(held)
      const [{ body }] = there.arrivals as [Arrival]
      assert.deepStrictEqual([body.type, body.source], ["homing.inbound.message.v1", `/devices/${device}`])
      assert.deepStrictEqual(body.data.content, heard.content)
      assert.isTrue(isVerified(secret, there.arrivals[0]!))
    })
  )

  it.live("is signed with both secrets while one takes the place of another, and then with the new one alone", () =>
    Effect.gen(function* () {
      const { call, device } = yield* scene()
      const there = yield* receiver()
      const { id, secret } = yield* endpoint({ call }, there.url, { types: [messages[0]] })
      const key = { "idempotency-key": "first-rotation" }
      const { body: rotated } = yield* call("POST", `/v1/endpoints/${id}/rotate`, { overlapSeconds: 60 }, key)
      const again = yield* call("POST", `/v1/endpoints/${id}/rotate`, { overlapSeconds: 60 }, key)
      assert.deepStrictEqual([again.status, again.body.secret, again.body.keys.length], [200, undefined, 2])
      yield* call("POST", "/v1/messages", text(device))
      yield* arrived(there.arrivals, 1)
      for (const good of [secret, rotated.secret]) assert.isTrue(isVerified(good, there.arrivals[0]!))
      for (const { publicKey } of rotated.keys) assert.isTrue(isSigned(publicKey, there.arrivals[0]!))
      const { body: last } = yield* call("POST", `/v1/endpoints/${id}/rotate`, { overlapSeconds: 0 })
      assert.lengthOf(last.keys, 1)
      yield* call("POST", "/v1/messages", text(device))
      yield* arrived(there.arrivals, 2)
      const verified = [secret, rotated.secret, last.secret].map((one) => isVerified(one, there.arrivals[1]!))
      assert.deepStrictEqual(verified, [false, false, true])
    })
  )
})
