import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as InstantWhatsApp from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, start, text } from "./Homing.ts"

const shifted = (at: string, millis: number) => new Date(Date.parse(at) + millis).toISOString()

interface Sent {
  readonly id: string
  readonly createdAt: string
}

describe("a list of messages", () => {
  it.live("is of some time, both ends included, page by page", () =>
    Effect.gen(function* () {
      const homing = yield* start(yield* folder, InstantWhatsApp.layer)
      const { call } = homing
      const device = yield* connectedDevice(homing)
      const sent: Array<Sent> = []
      for (const words of ["first", "second", "third", "fourth"]) {
        const { body } = yield* call("POST", "/v1/messages", text(device, words))
        sent.push({ id: body.id, createdAt: body.createdAt })
        yield* Effect.sleep("5 millis")
      }
      const [first, second, third, fourth] = sent as [Sent, Sent, Sent, Sent]
      const listed = (query: string) => call("GET", `/v1/messages?${query}`)
      const idsOf = (query: string) =>
        Effect.map(
          listed(query),
          ({ body }) => body.items?.map(({ id }: { id: string }) => id) as ReadonlyArray<string>
        )
      yield* eventually(listed(`from=${first.createdAt}`), ({ body }) => body.items?.length === 4)

      assert.deepStrictEqual(yield* idsOf(`from=${third.createdAt}`), [fourth.id, third.id])
      assert.deepStrictEqual(yield* idsOf(`to=${second.createdAt}`), [second.id, first.id])
      assert.deepStrictEqual(yield* idsOf(`from=${shifted(second.createdAt, 1)}&to=${third.createdAt}`), [third.id])
      assert.deepStrictEqual(yield* idsOf(`to=${shifted(first.createdAt, -1)}`), [])
      assert.deepStrictEqual(yield* idsOf(`from=${fourth.createdAt}&to=${first.createdAt}`), [])
      assert.deepStrictEqual(yield* idsOf(`to=${third.createdAt}&status=sent&device=${device}`), [
        third.id,
        second.id,
        first.id
      ])

      const page = yield* listed(`from=${second.createdAt}&to=${third.createdAt}&limit=1`)
      assert.strictEqual(page.body.items[0].id, third.id)
      const rest = yield* listed(`from=${second.createdAt}&to=${third.createdAt}&limit=1&after=${page.body.next}`)
      assert.deepStrictEqual([rest.body.items[0].id, rest.body.next], [second.id, null])

      for (const name of ["from", "to"]) {
        const { body } = yield* listed(`${name}=yesterday`)
        assert.deepStrictEqual([body.code, body.errors[0].pointer], ["invalid_request", `/${name}`])
      }
    })
  )
})
