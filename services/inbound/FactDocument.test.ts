import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { saidJson } from "./FactDocument.ts"

it.effect("what a newer release says in words that this one does not know is absent, and hides nothing beside it", () =>
  Effect.gen(function* () {
    const said = (words: object) => {
      const personal = { reveal: () => Effect.succeed(JSON.stringify(words)) } as never
      return saidJson(personal, { kind: "group", body: {} as never }, {} as never)
    }
    const known = { type: "group", event: "created" }
    assert.deepStrictEqual(yield* said(known), { kind: "group", content: known as never })
    assert.deepStrictEqual(yield* said({ type: "group", event: "renamed by a newer release" }), { kind: "group" })
  })
)
