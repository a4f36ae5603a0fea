import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type Group, type Lease, Leases } from "#domain/ports/Leases.ts"
import { transaction } from "./Transaction.ts"

const all = ({ name, partitions }: Group): ReadonlyArray<Lease> =>
  Array.from({ length: partitions }, (_, partition) => ({
    group: name,
    partition,
    token: 1n,
    remaining: () => Number.POSITIVE_INFINITY
  }))

/** For the only process on its database: it holds everything, for ever. */
export const layer = Layer.effect(
  Leases,
  Effect.map(SqlClient.SqlClient, (sql) =>
    Leases.of({
      renewalMillis: undefined,
      time: undefined,
      renew: (group) => Effect.sync(() => ({ leases: all(group), share: group.partitions })),
      acquire: () => Effect.succeed([]),
      release: () => Effect.void,
      leave: () => Effect.void,
      fenced: (_, write) => transaction(sql, write)
    })
  )
)
