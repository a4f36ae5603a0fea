import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { messageCodes } from "#domain/message/Codes.ts"

it("the API's page lists every code of a message, with what it means", () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/api.md"), "utf8")
  const [, section] = page.split("### Codes of a message\n")
  const rows = section!.split("\n## ")[0]!.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)
  assert.deepStrictEqual(
    [...rows].map(([, code, meaning]) => [code!, meaning!]),
    Object.entries(messageCodes)
  )
})
