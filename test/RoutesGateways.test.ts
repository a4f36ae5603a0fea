import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually } from "./Homing.ts"
import { secret } from "./MetaFixture.ts"
import { add, explained, said, set } from "./RoutesFixture.ts"
import * as Split from "./Split.ts"
import { describeWith } from "./servers/Installed.ts"

const apiKey = "a-key-for-all-gateways"

describeWith("PostgreSQL", "routes of several gateways", () => {
  it.live("are taken from the environment once by all that start, and hold on each what was set at another", () =>
    Effect.gen(function* () {
      const whole = yield* Split.backbones
      const routes = { messages: [{ name: "agent", url: "https://agent.example/in" }] }
      const env = {
        ...whole.env,
        API_KEY: apiKey,
        META_APP_SECRET: secret,
        META_MODE: "durable",
        WHATSAPP_FORWARD_DESTINATION_URL: "https://all.example/in",
        WHATSAPP_FORWARD_ROUTE_MAP: JSON.stringify(routes)
      }
      const begin = Split.gateway({ ...whole, env }, "gateway", apiKey)
      const both = yield* Effect.all([begin, begin], { concurrency: 2 })
      const [one, two] = both.map(({ url }) => ({ call: callerOf(url, apiKey) }))
      for (const at of [one!, two!]) {
        const table = eventually(at.call("GET", "/v1/routes"), ({ body }) => body.others?.length > 0)
        const { body } = yield* table
        assert.deepStrictEqual([body.fields, body.others], [{ messages: ["agent"] }, ["default"]])
        const { body: targets } = yield* at.call("GET", "/v1/targets")
        assert.lengthOf(targets.items, 2)
      }
      for (const { process } of both) assert.notInclude(process.stderr(), "cannot be taken")
      yield* add(one!, "eu", { region: "eu" })
      yield* set(one!, { prefixes: { "49": ["eu"] } })
      const led = yield* eventually(explained(two!, said("4915112345678")), ({ changes }) => changes[0][0] === "prefix")
      assert.deepStrictEqual(led.changes, [["prefix", "49", "eu"]])
      // two operators at once: one of them has the name
      const made = yield* Effect.forEach(
        [one!, two!],
        ({ call }) => call("POST", "/v1/targets", { name: "us", url: "https://us.example/in" }),
        { concurrency: 2 }
      )
      assert.deepStrictEqual(made.map(({ status }) => status).toSorted(), [201, 409])
    })
  )
})
