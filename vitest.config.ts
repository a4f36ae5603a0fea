import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * The crash runs are the longest: they begin first. Then what has a process of its own, and last what shares one: a process
 * is shared by files that follow each other.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const rank = ({ moduleId, project }: TestSpecification) =>
      moduleId.endsWith(".e2e.test.ts") ? 0 : project.config.isolate ? 1 : 2
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

/** Of the rooms, what changes its process for good. */
const apart = ["infra/whatsapp/baileys/QuietLibsignal.test.ts"] // the console, as the library's first import

/** They end a hang and judge nothing. */
const timeouts = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    globalSetup: "test/servers/Setup.ts",
    maxWorkers: 4, // on two cores: what is tested waits most of the time, for servers, clocks and processes that end
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "rooms",
          include: ["{domain,infra,services,mac-agent}/**/*.test.ts"],
          exclude: apart,
          isolate: false,
          ...timeouts
        }
      },
      {
        test: {
          name: "whole",
          include: ["test/**/*.test.ts", ...apart],
          maxConcurrency: 3, // crash runs side by side, each of up to ten processes
          ...timeouts
        }
      }
    ]
  }
})
