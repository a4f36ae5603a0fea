import { assert, it } from "@effect/vitest"
import { Effect, Exit, type Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type Group, Leases } from "#domain/ports/Leases.ts"

export const freshGroup = (partitions = 16): Group => ({ name: crypto.randomUUID(), partitions })

/** Takes what is its share. */
export const join = Effect.fnUntraced(function* (leases: Leases["Service"], group: Group) {
  const { leases: renewed, share } = yield* leases.renew(group)
  return [...renewed, ...(yield* leases.acquire(group, share - renewed.length))]
})

/** What every Leases adapter owes a process that is alone. Run it against each layer; add no adapter options. */
export const leasesContract = <E>(adapter: string, layer: Layer.Layer<Leases | SqlClient.SqlClient, E>) =>
  it.layer(layer, { excludeTestServices: true })(`Leases contract: ${adapter}`, (it) => {
    it.effect("gives all partitions to a process that is alone, and lets it keep them", () =>
      Effect.gen(function* () {
        const leases = yield* Leases
        const group = freshGroup()
        const held = yield* join(leases, group)
        assert.deepStrictEqual(
          held.map(({ partition }) => partition).sort((a, b) => a - b),
          [...Array(16).keys()]
        )
        assert.isTrue(held.every((one) => one.token > 0n && one.remaining() > 0 && one.group === group.name))
        assert.deepStrictEqual(yield* leases.acquire(group, 16), [])
        const again = yield* leases.renew(group)
        assert.strictEqual(again.share, 16)
        assert.sameMembers(
          again.leases.map(({ token }) => token),
          held.map(({ token }) => token)
        )
      })
    )

    it.effect("commits what is written under a lease, whole or not at all, and says how it failed", () =>
      Effect.gen(function* () {
        const leases = yield* Leases
        const sql = yield* SqlClient.SqlClient
        const [lease] = yield* join(leases, freshGroup(1))
        yield* sql`CREATE TABLE written (n INTEGER PRIMARY KEY)`
        const insert = (n: number) => sql`INSERT INTO written ${sql.insert({ n })}`
        assert.strictEqual(yield* leases.fenced(lease!, Effect.as(insert(1), "done")), "done")
        const halves = [
          Effect.andThen(insert(2), Effect.fail("no" as const)),
          Effect.andThen(insert(3), insert(3)),
          Effect.andThen(insert(4), Effect.die("no"))
        ]
        const exits = yield* Effect.forEach(halves, (half) => Effect.exit(leases.fenced(lease!, half)))
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [false, false, false])
        assert.strictEqual(yield* Effect.flip(exits[0]!), "no")
        assert.deepStrictEqual(yield* sql`SELECT n FROM written`, [{ n: 1 }])
      })
    )
  })
