import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "..")
const rooms = ["domain", "infra", "services", "mac-agent"]
const isStage = /(\.test\.ts$|\/(contract|double|simulator|testing)\/|\/contract\.ts$)/

const sources = rooms
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((file) => join(room, file))
  )
  .filter((file) => file.endsWith(".ts") && !isStage.test(file))

/** What a line of the log begins with, up to where it goes on with something else. */
const said = (text: string) =>
  [...text.matchAll(/\blog(?:Info|Warning|Error)\(\s*(["`])((?:(?!\1).)+)\1/gs)].map(([, , words]) =>
    words!.split(/[:;,$]/, 1)[0]!.trim()
  )

/** In the table: whole, or behind an ellipsis that stands for the beginning of the one before. */
const explained = (docs: string) => {
  const begun = [...docs.matchAll(/`… ([^`]+?)[;,:…]*`/g)].map(([, end]) => end!.trim())
  return (words: string) => docs.includes(`\`${words}`) || begun.some((end) => words.endsWith(end))
}

it("whatever the log says from info on is explained to who operates it", () => {
  const isExplained = explained(readFileSync(join(root, "docs/operations.md"), "utf8"))
  const lines = sources.flatMap((file) =>
    said(readFileSync(join(root, file), "utf8")).map((words) => ({ file, words }))
  )
  assert.isAbove(lines.length, 60)
  assert.deepStrictEqual(
    lines.filter(({ words }) => words !== "" && !isExplained(words)),
    []
  )
})

it("sees a line that is not", () => {
  const isExplained = explained("| `the bus is away; …` | look |\n| `a device … `, `… is gone` | look |")
  const lines = said(
    'Effect.logWarning("the bus is away; again shortly")\nEffect.logError(`a cat is gone`, {})\nlogInfo("odd")'
  )
  assert.deepStrictEqual(
    lines.filter((words) => !isExplained(words)),
    ["odd"]
  )
})
