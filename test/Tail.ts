import { writeFileSync } from "node:fs"
import type { Reporter, TestModule } from "vitest/node"

/** Says, by a file, that the last tests have begun: those that share processes. From then on there is room for other work. */
export default class Tail implements Reporter {
  onTestModuleStart({ project }: TestModule): void {
    const file = process.env.TESTS_TAIL
    if (file !== undefined && project.name === "rooms") writeFileSync(file, "")
  }
}
