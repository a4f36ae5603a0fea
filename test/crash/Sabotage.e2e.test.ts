import { assert, describe, it } from "@effect/vitest"
import { describeWith } from "../servers/Installed.ts"
import { type Backbone, backbones } from "./Backbones.ts"
import { run } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"
import { control, foundBy } from "./Scenarios.ts"

const short = { seed: 1, logLevel: "warn", output: 2, progress: () => {} } as const

/** In one run or another: on a busy machine a kill may come when what it should interrupt is over. */
const isFound = async (sabotage: Sabotage, backbone: Backbone) => {
  for (const seed of [1, 2, 3]) {
    const report = await run({ ...control(sabotage, backbone), ...short, seed })
    if (report[foundBy[sabotage]] > 0) return true
  }
  return false
}

/** Side by side: a run waits most of its time. */
const controls = (backbone: Backbone) => {
  it.concurrent("finds nothing on the product as it is, with a slow bus and no reconciler", async () => {
    const { falseEnds, falseSent, hitsPerStep, lost, revived, secondIds, takenBack, unsettled } = await run({
      ...control(undefined, backbone),
      ...short
    })
    assert.deepStrictEqual(
      [lost, secondIds, falseSent, falseEnds, revived, takenBack, unsettled],
      [0, 0, 0, 0, 0, 0, 0]
    )
    assert.deepStrictEqual(Object.values(hitsPerStep), [2, 2, 2, 2])
  })

  for (const sabotage of sabotages) {
    it.concurrent(`finds what is broken on purpose: ${sabotage}`, async () => {
      assert.isTrue(await isFound(sabotage, backbone))
    })
  }
}

describe("a crash run", () => controls(backbones.embedded))

describeWith("nats-server", "a crash run", () => {
  describeWith("PostgreSQL", "of gateway and agent apart", () => controls(backbones.all))
})
