import { copyFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryDirectory } from "#infra/testing/TemporaryDirectory.ts"

type Bundle = typeof import("./Bundle.cjs")

/** An installation of four sources, and a bundle that was made of them. */
const installation = Effect.map(temporaryDirectory, (root) => {
  const at = (name: string) => join(root, name)
  for (const room of ["domain", "infra", "mac-agent", "services/cli", "dist"]) mkdirSync(at(room), { recursive: true })
  for (const name of ["domain/Json.ts", "infra/Bus.ts", "mac-agent/Agent.ts", "services/cli/Entry.ts"]) {
    writeFileSync(at(name), "export {}")
  }
  writeFileSync(at("package-lock.json"), "{}")
  copyFileSync(join(import.meta.dirname, "Bundle.cjs"), at("services/cli/Bundle.cjs"))
  const { bundle, madeOf, sources }: Bundle = createRequire(import.meta.url)(at("services/cli/Bundle.cjs"))
  writeFileSync(at(join("dist", madeOf)), sources())
  return { at, bundle }
})

const changes: ReadonlyArray<readonly [string, (at: (name: string) => string) => void]> = [
  ["a source was changed", (at) => writeFileSync(at("infra/Bus.ts"), "export { }")],
  ["a source was changed, and is as long as before", (at) => utimesSync(at("infra/Bus.ts"), 1, 1)],
  ["a source came", (at) => writeFileSync(at("domain/New.ts"), "export {}")],
  ["a source went", (at) => rmSync(at("mac-agent/Agent.ts"))],
  ["other packages were installed", (at) => writeFileSync(at("package-lock.json"), "{ }")],
  ["the bundle is away", (at) => rmSync(at("dist"), { recursive: true })]
]

it.effect("a start loads the bundle of the very sources that are there", () =>
  Effect.gen(function* () {
    const { at, bundle } = yield* installation
    assert.strictEqual(bundle(), at("dist/homing.js"))
    writeFileSync(at("domain/Json.test.ts"), "export {}")
    assert.strictEqual(bundle(), at("dist/homing.js"), "tests are in no bundle")
  })
)

for (const [what, change] of changes) {
  it.effect(`a start loads the sources where ${what}`, () =>
    Effect.gen(function* () {
      const { at, bundle } = yield* installation
      change(at)
      assert.strictEqual(bundle(), undefined)
    })
  )
}
