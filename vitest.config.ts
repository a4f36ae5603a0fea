import { readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/**
 * The crash runs are the longest: they begin first. Then what has processes and servers to wait for, then what has a process of
 * its own, and last what shares one: a process is shared by files that follow each other.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const ranks = new Map(files.map((file) => [file, rankOf(file)]))
    return (await super.sort(files)).toSorted((a, b) => ranks.get(a)! - ranks.get(b)!)
  }
}
const rankOf = ({ moduleId, project }: TestSpecification) => {
  if (moduleId.endsWith(".e2e.test.ts")) return 0
  if (!project.config.isolate) return 3
  return waits.test(readFileSync(moduleId, "utf8")) ? 1 : 2
}
const waits = /from "\.\.?\/(?:Split|SharedGateways|Process)\.ts"/

/** Of the rooms, what changes its process for good. */
const apart = ["infra/whatsapp/baileys/QuietLibsignal.test.ts"] // the console, as the library's first import

/** They end a hang and judge nothing: later than `eventually` does, which can say what it waited for. */
const timeouts = { testTimeout: 1_200_000, hookTimeout: 1_200_000 }

/** What one process of the tests compiled, the next one need not: half of a short file's work is to load the product. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/compiled")

export default defineConfig({
  test: {
    globalSetup: "test/servers/Setup.ts",
    maxWorkers: 4, // on two cores: what is tested waits most of the time, for servers, clocks and processes that end
    experimental: { viteModuleRunner: false, nodeLoader: false }, // Node reads the tests as it reads the product
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
