import { dirname } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { circles, graphOf, reach } from "./Graph.ts"
import { importsOf, isIn, isTest, production, sourcesIn, uses } from "./Sources.ts"

/** Started by their names. */
const programs = [
  "services/cli/homing.ts",
  "services/dashboard/Build.ts",
  "services/dashboard/app/main.tsx",
  "services/dashboard/vite.config.ts",
  "infra/whatsapp/simulator/main.ts",
  "infra/event-store/double/main.ts"
]

/** A file in a room's root stands for itself: what lists a whole room is there beside what the room stands on. */
const folderOf = (file: string): string => (file.split("/").length === 2 ? file : dirname(file))

describe("arrows between files", () => {
  it("nothing that runs imports what is there for tests", () => {
    const borrowed = production.flatMap((file) =>
      importsOf(file)
        .filter(isTest)
        .map((target) => `${file} -> ${target}`)
    )
    assert.deepStrictEqual(borrowed, [])
  })

  it("what only tests use is in a place for it", () => {
    const running = [...production, ...sourcesIn("bench")]
    const used = new Set([...programs, ...running.flatMap(importsOf)])
    assert.deepStrictEqual(
      production.filter((file) => !used.has(file)),
      []
    )
    assert.deepStrictEqual(
      programs.filter((program) => !production.includes(program)),
      []
    )
  })

  it("a client of the API needs nothing of the server, by whatever way", () => {
    const edges = graphOf(uses)
    const clients = production.filter((file) => isIn(["services/api/", "services/cli/Client.ts"], file))
    assert.deepStrictEqual(
      clients
        .flatMap((file) => [...reach(edges, file)])
        .filter((target) => !isIn(["domain/", "services/api/"], target)),
      []
    )
  })

  it("no folder needs itself in the end", () => {
    assert.deepStrictEqual(circles(uses.map(([file, target]) => [folderOf(file), folderOf(target)] as const)), [])
  })

  it("no file does", () => {
    assert.deepStrictEqual(circles(uses), [])
  })
})
