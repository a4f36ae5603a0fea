import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { arrived, listed, route, scene, target } from "./ForwardingScene.ts"
import { eventually, type Homing } from "./Homing.ts"
import { changed, message, post } from "./MetaFixture.ts"
import { receiver } from "./Receiver.ts"

const [ana, ben] = ["5511987654321", "4915112345678"]
const said = (id: string, from: string) => JSON.stringify(changed({ messages: [message(id, id, from)] }))

const unled = ({ call }: Pick<Homing, "call">) =>
  Effect.map(call("GET", "/metrics"), ({ body }) =>
    [...body.text.matchAll(/homing_forwards_unled_total\{reason="(\w+)"\} (\d+)/g)].map(([, why, n]) => `${why} ${n}`)
  )

describe("what goes nowhere", () => {
  it.live("is counted, by why; what goes whole alone is not", () =>
    Effect.gen(function* () {
      const homing = yield* scene()
      const [brazil, whole] = [yield* receiver(), yield* receiver()]
      const { id } = yield* target(homing, "br", brazil.url)
      yield* target(homing, "whole", whole.url, { unit: "raw" })
      yield* route(homing, { fields: { account_update: ["whole"] }, prefixes: { "55": ["br"] } })
      yield* post(homing.url, said("A", ben))
      yield* post(homing.url, JSON.stringify(changed({ event: "x" }, "account_update")))
      yield* post(homing.url, said("B", ana))
      yield* arrived(brazil.arrivals, 1)
      yield* arrived(whole.arrivals, 1)
      assert.deepStrictEqual(yield* unled(homing), ["no_route 1"])
      yield* homing.call("PATCH", `/v1/targets/${id}`, { enabled: false })
      yield* post(homing.url, said("C", ana))
      const all = yield* eventually(unled(homing), ({ length }) => length === 2)
      assert.deepStrictEqual(all.toSorted(), ["disabled 1", "no_route 1"])
      assert.lengthOf(yield* listed(homing, id), 1)
    })
  )

  it.live("is what a session source says, also of one that is called as an app is", () =>
    Effect.gen(function* () {
      const homing = yield* scene({ sessions: Redacted.make({ default: { secret: "what it shows" } }) })
      const whole = yield* receiver()
      yield* target(homing, "whole", whole.url, { unit: "raw" })
      yield* route(homing, { others: ["whole"] })
      const shown = { "x-hub-signature-256": undefined, "x-webhook-signature": "what it shows" }
      const told = JSON.stringify({ session: "main-7", event: "x", id: "A" })
      assert.strictEqual((yield* post(homing.url, told, shown, "/webhooks/sessions/default")).status, 200)
      yield* post(homing.url, said("A", ana))
      yield* arrived(whole.arrivals, 1)
      assert.deepStrictEqual(
        whole.arrivals.map(({ text }) => text),
        [said("A", ana)]
      )
    })
  )
})
