import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually, folder } from "./Homing.ts"
import { changed, message, post, secret } from "./MetaFixture.ts"
import { started } from "./Process.ts"

const env = { META_APP_SECRET: secret, PORT: "0", WHATSAPP_URL: "ws://127.0.0.1:9/ws/chat" }

const stored = (cwd: string, type: string) => {
  const db = new DatabaseSync(join(cwd, "data", "log.db"), { readOnly: true })
  try {
    return db.prepare("SELECT count(*) AS n FROM events WHERE type = ?").get(type)!.n as number
  } finally {
    db.close()
  }
}

describe("a gateway that is killed", () => {
  it.live("has everything that it answered 200 for, each once, however often it is killed meanwhile", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const taken: Array<string> = []
      let key: string | undefined
      for (let life = 0; life < 4; life++) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const gateway = yield* started({ cwd, env }, key)
            key = gateway.key
            // many people in each, so that the pieces of one are recorded over several commits
            const bodies = Array.from({ length: 12 }, (_, n) => {
              const ids = Array.from({ length: 40 }, (_, i) => `${life}.${n}.${i}`)
              const items = ids.map((id, i) => message(id, `no. ${id}`, `1555000${1000 + i}`))
              return { ids, body: JSON.stringify(changed({ messages: items })) }
            })
            const posting = Effect.forEach(
              bodies,
              ({ body, ids }) =>
                Effect.map(
                  Effect.catchDefect(post(gateway.url, body), () => Effect.succeed(undefined)),
                  (answer) => {
                    if (answer?.status === 200) taken.push(...ids)
                  }
                ),
              { concurrency: 4, discard: true }
            )
            // killed as soon as a few were answered: between the answer and what follows from it
            const enough = taken.length + (life === 3 ? 480 : 160)
            const some = eventually(
              Effect.sync(() => taken.length),
              (count) => count >= enough
            )
            yield* Effect.raceFirst(Effect.andThen(posting, some), some)
            yield* gateway.process.end("SIGKILL")
          })
        )
      }
      const gateway = yield* started({ cwd, env }, key)
      yield* eventually(
        Effect.sync(() => stored(cwd, "batch.received.v1") - stored(cwd, "batch.split.v1")),
        (left) => left === 0
      )
      const told: Array<string> = []
      const call = callerOf(gateway.url, key!)
      for (let next = ""; ; ) {
        const { body } = yield* call("GET", `/v1/events?limit=500&types=homing.meta.message.v1${next}`)
        for (const { data } of body.items) told.push(data.change.entry[0].changes[0].value.messages[0].id.slice(6))
        if (body.items.length === 0 && !body.more) break
        next = `&after=${body.next}`
      }
      assert.strictEqual(new Set(told).size, told.length)
      const missing = taken.filter((id) => !told.includes(id))
      assert.deepStrictEqual(missing, [])
      assert.isAtLeast(taken.length, 900)
    })
  )
})
