import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PostgresLeases from "#infra/leases/Postgres.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import * as PostgresKeys from "#infra/subject-keys/Postgres.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, life, start, text } from "./Homing.ts"
import { describeWith } from "./servers/Installed.ts"

describeWith("PostgreSQL", "a gateway with views and subject keys in PostgreSQL", () => {
  it.layer(Postgres.layer, { excludeTestServices: true })("", (it) => {
    it.effect("sends, lists and filters, says so while the database is away, and goes on after it and a restart", () =>
      Effect.gen(function* () {
        const server = yield* Postgres
        const url = yield* server.database
        const ports = Layer.merge(PostgresKeys.layer, PostgresLeases.layer()).pipe(
          Layer.provideMerge(Layer.fresh(PostgresClient.layer(url)))
        )
        const path = yield* folder
        const first = yield* life
        const homing = yield* first.during(start(path, Instant.make().layer, { ports }))
        const device = yield* connectedDevice(homing)
        const send = (key: string) => homing.call("POST", "/v1/messages", text(device, key), { "idempotency-key": key })
        const one = yield* send("one")
        assert.deepStrictEqual([one.status, one.body.status], [201, "sent"])

        yield* server.kill()
        const refused = yield* send("two")
        assert.deepStrictEqual([refused.status, refused.body.code], [503, "store_unavailable"])
        assert.strictEqual((yield* homing.call("GET", "/v1/messages")).status, 503)
        yield* server.restart
        const two = yield* eventually(send("two"), ({ status }) => status < 300)
        assert.strictEqual(two.body.status, "sent")

        const listed = (of: typeof homing) => of.call("GET", `/v1/messages?status=sent&device=${device}`)
        const ids = [two.body.id, one.body.id]
        const idsOf = ({ body }: Effect.Success<ReturnType<typeof listed>>) =>
          body.items.map((item: { id: string }) => item.id)
        yield* eventually(listed(homing), (answer) => answer.body.items?.length === 2)
        assert.deepStrictEqual(idsOf(yield* listed(homing)), ids)
        yield* first.end

        const again = yield* start(path, Instant.make().layer, { ports })
        const found = yield* eventually(listed(again), ({ status }) => status === 200)
        assert.deepStrictEqual(idsOf(found), ids)
        assert.deepStrictEqual(
          found.body.items.map((item: { content: object }) => item.content),
          [
            { type: "text", text: "two" },
            { type: "text", text: "one" }
          ]
        )
        const sql = yield* clientOf(url)
        assert.deepStrictEqual(yield* sql`SELECT COUNT(*)::int AS n FROM messages`, [{ n: 2 }])
      })
    )
  })
})
