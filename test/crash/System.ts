import { flushCompileCache } from "node:module"
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import type { Step } from "#domain/ports/Steps.ts"
import { type Orders, start } from "./Composition.ts"

/**
 * A process of the product that can be told where to die. It loads everything first and begins when it gets its orders,
 * so that a restart costs a crash run little.
 */
export type Told = { readonly orders: Orders } | { readonly death: Death | undefined }

/** It dies by SIGKILL, as this step is passed for the `passing`th time from now on, or so long after that. */
export interface Death {
  readonly step: Step
  readonly passing: number
  readonly afterMillis: number
}

let death: Death | undefined
let passings = 0
const die = () => process.kill(process.pid, "SIGKILL")
const pass = (step: Step) => {
  if (step !== death?.step || ++passings < death.passing) return
  if (death.afterMillis === 0) die()
  else setTimeout(die, death.afterMillis)
}

const begin = (orders: Orders) =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* start(orders, pass)
      process.send?.({ url })
      yield* Effect.never
    })
  ).pipe(NodeRuntime.runMain())

flushCompileCache() // a process that is killed would leave none to the next
process.on("disconnect", () => process.exit())
process.on("message", (told: Told) => {
  if ("orders" in told) return begin(told.orders)
  passings = 0
  death = told.death
})
