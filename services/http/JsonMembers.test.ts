import { assert, describe, it } from "@effect/vitest"
import { isTwofold, membersWritten } from "./JsonMembers.ts"

describe("the members of a JSON text", () => {
  it("are counted as often as they are written", () => {
    const written: ReadonlyArray<readonly [json: string, members: number]> = [
      ["1", 0],
      ['":"', 0],
      ["{}", 0],
      ['{"a":1}', 1],
      ['{"a":1,"a":1}', 2],
      ['{"a":{"a":1,"\\u0061":2}}', 3],
      ['[{"a" : ":"},{"a":"\\":"},{"a":"\\\\"},{":":[]}]', 4],
      [' { "\\\\\\"" : "\\\\\\\\" , "" :\n"x" } ', 2]
    ]
    for (const [json, members] of written) assert.strictEqual(membersWritten(json), members, json)
  })

  it("may be given twice, at any depth", () => {
    for (const json of ['{"a":1,"a":1}', '[{"a":{"b":1,"\\u0062":2}}]'])
      assert.isTrue(isTwofold(json, JSON.parse(json)), json)
    for (const json of ["1", "null", '{"a":{"a":":"},"b":[{"a":1},{"a":1}]}', '{"__proto__":{"a":1}}'])
      assert.isFalse(isTwofold(json, JSON.parse(json)), json)
  })

  it("of a value are its own, whatever its strings contain", () => {
    const strings = ['"', "\\", ":", '\\"', '":"', "a", "{", "\u2028", "\ud83d\ude00", '\\\\":', "__proto__"]
    let turn = 0
    const next = (below: number) => {
      turn = (Math.imul(turn, 1_103_515_245) + 12_345) & 0x7fffffff
      return (turn >> 8) % below
    }
    let members = 0
    const valueOf = (depth: number): unknown => {
      const kind = next(depth === 0 ? 2 : 4)
      if (kind < 2) return kind === 0 ? strings[next(strings.length)] : next(100)
      if (kind === 2) return Array.from({ length: next(4) }, () => valueOf(depth - 1))
      const value = Object.create(null)
      for (let i = next(4); i > 0; i--) value[`${strings[next(strings.length)]}${members++}`] = valueOf(depth - 1)
      return value
    }
    for (let i = 0; i < 2_000; i++) {
      members = 0
      const value = valueOf(5)
      for (const json of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
        assert.strictEqual(membersWritten(json), members, json)
      }
    }
  })
})
