import { assert, describe, it } from "@effect/vitest"
import { backbones } from "./Backbones.ts"
import { run } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"

const lostWith = async (sabotage: Sabotage, seed: number) => {
  const { archive, forwarded, lost } = await run({
    updates: 120,
    redeliveries: 0,
    kills: 3,
    seed,
    sabotage,
    isArchived: sabotage === "archive",
    backbone: backbones.embedded,
    patienceMillis: 8_000,
    logLevel: "warn",
    output: 2,
    progress: () => {}
  })
  if (sabotage === "forward") return Object.values(forwarded).reduce((sum, { lost }) => sum + lost, 0)
  return archive?.lost ?? lost
}

/** In one run or another: a kill may come when what it should interrupt is over. */
const isFound = async (sabotage: Sabotage) => {
  for (const seed of [1, 2, 3]) if ((await lostWith(sabotage, seed)) > 0) return true
  return false
}

describe("a run of what Meta tells", () => {
  for (const sabotage of sabotages) {
    it.concurrent(`finds what is broken on purpose: ${sabotage}`, async () => {
      assert.isTrue(await isFound(sabotage))
    })
  }
})
