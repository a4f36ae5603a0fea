import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import { noStream } from "./CommitCheck.ts"
import { openLog } from "./Log.ts"
import { recentIds } from "./RecentIds.ts"
import { makeWriter } from "./Writer.ts"

const event = (eventId: string) => ({
  eventId,
  type: "type",
  isJson: true,
  data: Buffer.from("{}"),
  metadata: new Uint8Array()
})

describe("the EventStoreDB double's writer", () => {
  it.live("drops a repetition of what is being committed, and answers a later one", () =>
    Effect.gen(function* () {
      const log = openLog(yield* temporaryDirectory)
      const writer = makeWriter(log, { beforeCommit: () => {}, afterCommit: () => {} })
      const append = () => writer.append("stream", noStream, [event("one")])
      const [first, repeated] = yield* Effect.promise(() => Promise.all([append(), append()]))
      assert.deepInclude(first, { _tag: "Success", revision: 0n })
      assert.deepStrictEqual(repeated, { _tag: "Dropped" })
      assert.deepStrictEqual(yield* Effect.promise(append), first)
    })
  )

  it("remembers ids until there are too many later ones", () => {
    const recent = recentIds()
    for (let i = 0; i < 100_001; i++) recent.put(`${i}`, { stream: "stream", revision: BigInt(i) })
    assert.deepStrictEqual(recent.get("0"), { stream: "stream", revision: 0n })
    for (let i = 100_001; i < 150_000; i++) recent.put(`${i}`, { stream: "stream", revision: BigInt(i) })
    assert.isUndefined(recent.get("0"))
    assert.isDefined(recent.get("149999"))
  })
})
