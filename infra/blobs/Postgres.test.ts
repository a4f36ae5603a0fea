import { Context, Effect, Layer } from "effect"
import { Blobs } from "#domain/ports/Blobs.ts"
import * as PostgresClient from "#infra/postgres/PostgresClient.ts"
import { clientOf, Postgres } from "#infra/postgres/testing/PostgresFixture.ts"
import { describeWith } from "../../test/servers/Installed.ts"
import { blobsContract, type Chunk, Storages } from "./contract.ts"
import * as PostgresBlobs from "./Postgres.ts"

const storage = Effect.gen(function* () {
  const url = yield* (yield* Postgres).database
  const client = Layer.fresh(PostgresClient.layer(url))
  const sql = yield* clientOf(url)
  return {
    open: Effect.map(Layer.build(Layer.fresh(PostgresBlobs.layer).pipe(Layer.provide(client))), (context) =>
      Context.get(context, Blobs)
    ),
    chunks: Effect.orDie(sql<Chunk>`SELECT * FROM blob_chunks ORDER BY name, n`),
    overwrite: ({ box, n, name }: Chunk) =>
      Effect.asVoid(Effect.orDie(sql`UPDATE blob_chunks SET box = ${box} WHERE name = ${name} AND n = ${n}`)),
    remove: ({ n, name }: Chunk) =>
      Effect.asVoid(Effect.orDie(sql`DELETE FROM blob_chunks WHERE name = ${name} AND n = ${n}`))
  }
})

describeWith("PostgreSQL", "Blobs: PostgreSQL", () => {
  blobsContract(
    "PostgreSQL",
    Layer.effect(
      Storages,
      Effect.map(Postgres, (server) => ({ empty: Effect.provideService(storage, Postgres, server) }))
    ).pipe(Layer.provide(Postgres.layer))
  )
})
