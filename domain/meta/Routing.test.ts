import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { noRoutes, type RouteTable, routeOf, targetsOfFields, wholeTo } from "./Routing.ts"
import type { Piece } from "./Splitting.ts"

const routes: RouteTable = {
  fields: { account_update: ["operations"] },
  accounts: { "106540352242922": ["support"], "102290129340398": ["sales"] },
  prefixes: { "1": ["us"], "1876": ["jamaica"], "55": ["brazil"], "4": ["europe"] },
  countries: { MA: ["morocco"] },
  others: ["anywhere", "anywhere"]
}
const piece = (of: Partial<Piece>): Piece => ({
  kind: "message",
  field: "messages",
  account: "7",
  phoneNumberId: "8",
  identity: [],
  gist: null,
  payload: {},
  ...of
})
const from = (phone: string | undefined, bsuid?: string) => piece({ person: { phone, bsuid } })
const led = (one: Piece) => {
  const { by, matched, targets } = routeOf(routes, one)
  return [by, matched, ...targets]
}

describe("a route", () => {
  it("goes by the longest beginning of a number", () => {
    assert.deepStrictEqual(led(from("18765551234")), ["prefix", "1876", "jamaica"])
    assert.deepStrictEqual(led(from("18755551234")), ["prefix", "1", "us"])
    assert.deepStrictEqual(led(from("5511987654321")), ["prefix", "55", "brazil"])
  })

  it("goes by what is more particular first, and says what it was", () => {
    const person = { phone: "5511987654321", bsuid: "MA.15" }
    const account = "102290129340398"
    const phoneNumberId = "106540352242922"
    const all = { field: "account_update", account, phoneNumberId, person }
    assert.deepStrictEqual(led(piece(all)), ["field", "account_update", "operations"])
    assert.deepStrictEqual(led(piece({ ...all, field: "messages" })), ["account", phoneNumberId, "support"])
    assert.deepStrictEqual(led(piece({ account, person })), ["account", account, "sales"])
    assert.deepStrictEqual(led(piece({ person })), ["prefix", "55", "brazil"])
    assert.deepStrictEqual(led(from(undefined, "MA.15")), ["country", "MA", "morocco"])
    assert.deepStrictEqual(led(from(undefined, "MA")), ["default", "", "anywhere"])
    assert.deepStrictEqual(led(from("999")), ["default", "", "anywhere"])
    assert.deepStrictEqual(led(piece({})), ["default", "", "anywhere"])
  })

  it("is led by no name that every object has", () => {
    assert.deepStrictEqual(led(piece({ field: "constructor", account: "__proto__" })), ["default", "", "anywhere"])
  })
})

describe("any routes", () => {
  const names = Schema.Array(Schema.Literals(["a", "b", "c"])).check(Schema.isMaxLength(2))
  const rules = <const Key extends string>(...keys: ReadonlyArray<Key>) =>
    Schema.Array(Schema.Tuple([Schema.Literals(keys), names])).check(Schema.isMaxLength(2))
  /** Some of the beginnings of a number, by their length, each one digit more or another one. */
  const lengths = Schema.Literals([1, 2, 3, 4, 5, 6, 7, 8])
  const beginnings = Schema.Array(Schema.Tuple([lengths, Schema.Boolean, names])).check(Schema.isMaxLength(6))
  const digit = Schema.Literals(["1", "4", "8"])
  const phone = Schema.UndefinedOr(Schema.Array(digit).check(Schema.isMinLength(1), Schema.isMaxLength(10)))
  const first = (rules: Readonly<Record<string, ReadonlyArray<string>>>, keys: ReadonlyArray<string>) =>
    keys.find((one) => (rules[one] ?? []).length > 0)

  it.prop(
    "lead everything by the first rule that names a target, and by no shorter beginning",
    [
      rules("messages", "calls"),
      rules("7", "8", "9"),
      beginnings,
      rules("MA", "US"),
      names,
      phone,
      Schema.Literals(["MA.1", "US.2", "MA", "nonsense"]),
      Schema.Literals(["messages", "calls", "other"])
    ],
    (all) => {
      const [fields, accounts, cuts, countries, others, digits, bsuid, field] = all
      const number = digits?.join("")
      const prefixes = cuts.map(([length, isElse, names]) => {
        const beginning = (number ?? "").slice(0, length)
        return [isElse ? `${beginning.slice(0, -1)}7` : beginning, names] as const
      })
      const table = {
        fields: Object.fromEntries(fields),
        accounts: Object.fromEntries(accounts),
        prefixes: Object.fromEntries(prefixes.filter(([prefix]) => prefix !== "")),
        countries: Object.fromEntries(countries),
        others
      }
      const { by, matched, targets } = routeOf(table, piece({ field, person: { phone: number, bsuid } }))
      const fitting = Object.keys(table.prefixes)
        .filter((prefix) => number?.startsWith(prefix))
        .toSorted((one, other) => other.length - one.length)
      const expected = [
        ["field", table.fields, first(table.fields, [field])] as const,
        ["account", table.accounts, first(table.accounts, ["8", "7"])] as const,
        ["prefix", table.prefixes, first(table.prefixes, fitting)] as const,
        ["country", table.countries, first(table.countries, bsuid.includes(".") ? [bsuid.slice(0, 2)] : [])] as const
      ].find(([, , one]) => one !== undefined)
      assert.deepStrictEqual([by, matched], expected === undefined ? ["default", ""] : [expected[0], expected[2]])
      const names = expected === undefined ? others : expected[1][expected[2]!]!
      assert.deepStrictEqual(targets, [...new Set(names)])
    }
  )

  it.prop("lead by the longest beginning of a number", [beginnings, phone], ([cuts, digits]) => {
    const number = digits?.join("") ?? ""
    const prefixes = Object.fromEntries(
      cuts.map(([length, isElse]) => [`${number.slice(0, length)}${isElse ? "7" : ""}`, ["a"]])
    )
    const { by, matched, targets } = routeOf({ ...noRoutes, prefixes, others: ["b"] }, from(number))
    const longest = Object.keys(prefixes)
      .filter((prefix) => prefix !== "" && number.startsWith(prefix))
      .reduce((long, prefix) => (prefix.length > long.length ? prefix : long), "")
    assert.deepStrictEqual([by, matched, ...targets], longest === "" ? ["default", "", "b"] : ["prefix", longest, "a"])
  })
})

describe("who takes requests whole", () => {
  const takesWhole = (target: string) => target.startsWith("raw")
  const route = (by: "field" | "default", ...targets: ReadonlyArray<string>) => ({ by, matched: "", targets })

  it("takes each once, if anything leads there", () => {
    const both = [route("field", "raw-a", "eu"), route("field", "raw-a", "raw-b"), route("default", "eu")]
    assert.deepStrictEqual(wholeTo(both, takesWhole), ["raw-a", "raw-b"])
    assert.deepStrictEqual(wholeTo([route("field", "eu")], takesWhole), [])
    assert.deepStrictEqual(wholeTo([], takesWhole), [])
  })

  it("takes none by default of which another has all", () => {
    assert.deepStrictEqual(wholeTo([route("field", "raw-a"), route("default", "raw-b")], takesWhole), ["raw-a"])
    // a change went elsewhere, and what went by default would be lost
    assert.deepStrictEqual(wholeTo([route("field", "eu"), route("default", "raw-b")], takesWhole), ["raw-b"])
  })
})

describe("a whole payload", () => {
  const map = { fields: { messages: ["agent", "log"], calls: ["log"], nothing: [] }, others: ["default"] }

  it("goes to each target that its fields lead to once, and then to no other", () => {
    assert.deepStrictEqual(targetsOfFields(map, ["messages", "calls", "unheard_of"]), ["agent", "log"])
  })

  it("goes to the others only when none of its fields leads anywhere", () => {
    assert.deepStrictEqual(targetsOfFields(map, ["unheard_of", "nothing"]), ["default"])
    assert.deepStrictEqual(targetsOfFields(map, []), ["default"])
    assert.deepStrictEqual(targetsOfFields({ ...map, others: [] }, ["unheard_of"]), [])
  })
})
