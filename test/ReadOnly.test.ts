import { assert, describe, it } from "@effect/vitest"
import { graphOf, reach } from "./Graph.ts"
import { isIn, uses } from "./Sources.ts"

describe("architecture", () => {
  it("what replays reaches nothing through which it could write, but a file of its own", () => {
    const reached = [...reach(graphOf(uses), "services/cli/ReplayCommand.ts")]
    const writers = [
      "infra/sqlite/GroupCommit.ts",
      "infra/sqlite/DirectoryLock.ts",
      "infra/event-store/sqlite/Sqlite.ts",
      "infra/event-store/eventstoredb/Append.ts",
      "infra/subject-keys/Sqlite.ts",
      "infra/subject-keys/Postgres.ts",
      "infra/bus/",
      "services/layers/Adapters.ts",
      "mac-agent/"
    ]
    assert.include(reached, "infra/event-store/sqlite/Reading.ts")
    assert.deepStrictEqual(
      reached.filter((file) => isIn(writers, file)),
      []
    )
  })
})
