import { Effect, Layer } from "effect"
import type { SubjectId, TenantId } from "#domain/Ids.ts"
import { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { until } from "#domain/testing/Eventually.ts"
import { eventually } from "./Homing.ts"

/** The store of subject keys of one life after another: whose are to be destroyed, and whether that can be done. */
export const watchedKeys = () => {
  const asked: Array<readonly [TenantId, SubjectId]> = []
  let keys: SubjectKeys["Service"] | undefined
  let isAway = true
  let before = 0
  const layer = Layer.effect(
    SubjectKeys,
    Effect.map(SubjectKeys, (real) => {
      keys = real
      const destroy: typeof real.destroy = (tenant, subject) => {
        asked.push([tenant, subject])
        return isAway ? Effect.fail(new SubjectKeysUnavailable({ cause: "away" })) : real.destroy(tenant, subject)
      }
      return { ...real, destroy }
    })
  )
  return {
    layer,
    /** Who looks whether a key was asked for meanwhile looks from here on. */
    comeBack: () => {
      isAway = false
      before = asked.length
    },
    /** Those of one subject alone were asked for, once more since they came back, and are gone. */
    gone: Effect.gen(function* () {
      yield* until(() => asked.length > before)
      if (new Set(asked.map(([, subject]) => subject)).size !== 1) throw new Error("others were asked for as well")
      yield* eventually(keys!.all(...asked[0]!), ({ length }) => length === 0)
    })
  }
}
