import { Context, type Effect, Layer } from "effect"

/** Something that this process writes to besides the log. */
export interface Need {
  /** Fails while it cannot be written to. */
  readonly ready: Effect.Effect<void, Error>
  /** What is warned of then, where the gateway is of use all the same. */
  readonly warning?: "agent_ledger"
}

/** What this gateway cannot do its part without: whoever needs it says so, once. Where nobody judges, nobody keeps it. */
export const Needs = Context.Reference<{
  readonly add: (need: Need) => void
  readonly all: () => ReadonlyArray<Need>
}>("homing/services/runtime/Needs", { defaultValue: () => ({ add: () => {}, all: () => [] }) })

export const layer = Layer.sync(Needs, () => {
  const all: Array<Need> = []
  return { add: (need) => void all.push(need), all: () => all }
})
