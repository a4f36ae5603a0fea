import { assert, describe, it } from "@effect/vitest"
import { utf8 } from "../Bytes.ts"
import type { Json } from "../Json.ts"
import { examples } from "../testing/meta/Examples.ts"
import { isList, isObject, readObject } from "./MetaJson.ts"
import { split } from "./Splitting.ts"

/** Everything that is said, and of what; places in lists apart, since pieces have others. */
const leavesOf = (value: Json | undefined, path = ""): ReadonlyArray<string> => {
  if (isList(value)) return value.length === 0 ? [`${path}[]`] : value.flatMap((one) => leavesOf(one, `${path}[]`))
  if (!isObject(value)) return [`${path} = ${JSON.stringify(value)}`]
  const all = Object.entries(value)
  return all.length === 0 ? [`${path}{}`] : all.flatMap(([name, member]) => leavesOf(member, `${path}.${name}`))
}
const sortedSet = (all: ReadonlyArray<string>) => [...new Set(all)].sort()

describe("what Meta documents", () => {
  it.each(examples.map((example) => [example.name, example] as const))(
    "is taken apart whole: %s",
    (_, { kinds, payload }) => {
      const pieces = split(readObject(utf8(JSON.stringify(payload)))!)
      assert.deepStrictEqual(
        pieces.map(({ kind }) => kind),
        kinds
      )
      assert.deepStrictEqual(
        sortedSet(pieces.flatMap((piece) => leavesOf(piece.payload))),
        sortedSet(leavesOf(payload))
      )
    }
  )

  it("has a name of its own, each piece", () => {
    const names = examples.flatMap(({ payload }) => split(payload)).map(({ identity }) => JSON.stringify(identity))
    assert.lengthOf(new Set(names), names.length)
  })
})
