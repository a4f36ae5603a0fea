/** What a server process has used so far; its resident memory as the system sees it. */
export interface Usage {
  readonly rssMb: number
  readonly cpuMs: number
  readonly commits: number
}

/**
 * Answers whoever started this process, and ends with it. Nothing is collected before: with what a forced collection
 * throws away goes code that was optimized, and the next seconds would measure its coming back.
 */
export const tellUsage = (commits: () => number = () => 0): void => {
  process.on("message", () => {
    const { system, user } = process.cpuUsage()
    const usage: Usage = {
      rssMb: process.memoryUsage.rss() / 2 ** 20,
      cpuMs: (user + system) / 1_000,
      commits: commits()
    }
    process.send?.(usage)
  })
  process.on("disconnect", () => process.exit(0))
}
