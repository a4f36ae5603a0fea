import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { describeWith } from "../../../test/servers/Installed.ts"
import { inboxOf, placeOf } from "./Names.ts"
import { as, custodian, home, keys, oneAccount, shipped } from "./testing/CustodyFixture.ts"
import { impatient, oneEnd, until } from "./testing/JetStreamFixture.ts"

const seedOf = ({ seed }: { readonly seed: string }) => Redacted.make(seed)

describeWith("nats-server", "agents in the gateway's account", () => {
  it.live("are noticed, and no more once the server has the configuration of today", () =>
    Effect.gen(function* () {
      const server = yield* custodian(oneAccount)
      const { url } = server
      const end = { url, tuning: impatient }
      const { describe } = yield* oneEnd({ ...end, role: "gateway", nkeySeed: seedOf(keys.gateway) })
      yield* until(() => !describe().includes("not reached"))
      assert.notInclude(describe(), "share an account")
      yield* oneEnd({ ...end, role: "agent", agent: home, nkeySeed: seedOf(keys.home) })
      yield* until(() => describe().includes("share an account"))

      yield* server.kill("SIGTERM")
      yield* server.reconfigure(shipped)
      yield* server.restart
      yield* until(() => !describe().includes("share an account"))
      const agent = yield* as(url, keys.home, inboxOf({ agent: home }))
      const { consumer, stream } = placeOf({ kind: "commands", agent: home })
      agent.publish(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`, undefined, { reply: "_INBOX_gateway.neighbours" })
      yield* Effect.promise(() => agent.flush())
      yield* Effect.sleep("500 millis")
      assert.notInclude(describe(), "share an account")
    })
  )
})
