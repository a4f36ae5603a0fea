import { assert, describe, it } from "@effect/vitest"
import { backbones } from "../crash/Backbones.ts"
import { run } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"

const short = (sabotage: Sabotage | undefined) =>
  run({
    facts: 40,
    kills: 3,
    spells: 1,
    wipeBus: false,
    seed: 1,
    sabotage,
    backbone: backbones.embedded,
    patienceMillis: sabotage === undefined ? 40_000 : 8_000,
    logLevel: "warn",
    output: 2,
    record: undefined,
    progress: () => {}
  })
const lostBy = {
  receipt: ({ lost }) => lost,
  "delivery-outcome": ({ audiences }) => audiences.webhook!.lost,
  cursor: ({ audiences }) => audiences.events!.lost
} as const satisfies Readonly<Record<Sabotage, (report: Awaited<ReturnType<typeof run>>) => number>>

describe("a run of what comes in", () => {
  for (const sabotage of sabotages) {
    it.concurrent(`finds what is broken on purpose: ${sabotage}`, async () => {
      assert.isAbove(lostBy[sabotage](await short(sabotage)), 0)
    })
  }
})
