import { assert, it } from "@effect/vitest"
import { patienceMillis } from "#domain/testing/Eventually.ts"
import vitest from "../vitest.config.ts"
import { sources, sourcesIn, textOf } from "./Sources.ts"

const tests = [...sources, ...sourcesIn("test")].filter((file) => file.endsWith(".test.ts"))

/** As the last argument of a test, or among its options. */
const ownLimit =
  /^\s*\}\)?(?:\.pipe\([^\n]*\))?,\n\s*[\d_]+(?: \* \w+)?\n\s*\)$|\bit(?:\.\w+)*\([^\n]*, \{ timeout[:, ]/m

it("a hang is ended by what waits, which knows for what, then by the runner, and by no test's own limit", () => {
  const { projects = [] } = vitest.test ?? {}
  const limits = projects.map((project) => (project as { readonly test: { readonly testTimeout: number } }).test)
  assert.isAbove(limits.length, 0)
  for (const { testTimeout } of limits) assert.isAbove(testTimeout, 2 * patienceMillis)
  assert.deepStrictEqual(
    tests.filter((file) => ownLimit.test(textOf(file))),
    []
  )
})
