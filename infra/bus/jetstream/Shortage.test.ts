import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { natsServer } from "../../../test/servers/Nats.ts"
import { envelope, impatient, oneEnd, until } from "./testing/JetStreamFixture.ts"

const small = "jetstream { store_dir: $HOMING_NATS_STORE, max_file_store: 100MB }"
const large = "jetstream { store_dir: $HOMING_NATS_STORE, max_file_store: 3GB }"
const agent = AgentId.make("home")

describeWith("nats-server", "JetStream without room for an agent", () => {
  it.live("says which stream needs how much, until there is room", () =>
    Effect.gen(function* () {
      const server = yield* natsServer({ config: small })
      const bus = yield* oneEnd({ url: server.url, tuning: { ...impatient, patience: 30_000 }, role: "gateway" })
      const publishing = bus.publish({ kind: "commands", agent }, [envelope("one")])
      yield* Effect.forkChild(publishing, { startImmediately: true })
      yield* until(() => bus.shortage() !== undefined)
      assert.match(bus.shortage()!, /^CMD_home needs 1024 MiB: raise max_file_store/)
      yield* server.kill()
      yield* server.reconfigure(large)
      yield* server.restart
      yield* until(() => bus.shortage() === undefined)
    })
  )

  it.live("says how full the fullest stream is", () =>
    Effect.gen(function* () {
      const server = yield* natsServer({ config: large })
      const bus = yield* oneEnd({ url: server.url, tuning: impatient, role: "gateway" })
      assert.strictEqual(bus.fullness(), 0)
      yield* bus.publish({ kind: "commands", agent }, [envelope("one")])
      yield* until(() => bus.fullness() > 0)
      assert.isBelow(bus.fullness(), 0.01)
    })
  )
})
