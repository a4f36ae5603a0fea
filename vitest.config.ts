import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** The crash runs take as long as half of all others: they begin first, and the others run beside them. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const isLong = ({ moduleId }: TestSpecification) => moduleId.endsWith(".e2e.test.ts")
    return (await super.sort(files)).toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)))
  }
}

export default defineConfig({
  test: {
    include: ["{domain,infra,services,mac-agent,test}/**/*.test.ts"],
    globalSetup: "test/servers/Setup.ts",
    testTimeout: 120_000, // ends a hang and judges nothing, as does that of a hook
    hookTimeout: 120_000,
    maxWorkers: 3, // on two cores: what is tested waits most of the time, for servers, clocks and processes that end
    sequence: { sequencer: LongestFirst }
  }
})
