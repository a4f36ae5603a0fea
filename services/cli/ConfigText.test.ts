import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { example, markdown } from "./ConfigText.ts"

const committed = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

it("`.env.example` is what `homing config --example` prints", () => {
  assert.strictEqual(committed(".env.example"), `${example()}\n`)
})

it("the table in operations.md is what `homing config --markdown` prints", () => {
  assert.include(committed("docs/operations.md"), `\n\n${markdown()}\n\n`)
})
