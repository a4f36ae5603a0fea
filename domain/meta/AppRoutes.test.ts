import { assert, describe, it } from "@effect/vitest"
import type { Signing } from "../delivery/Endpoint.ts"
import { EventId, SubjectId, TargetId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import {
  type Added,
  AppRoutes,
  type AppRoutesCommand,
  type AppRoutesEvent,
  mostTargets,
  RoutesRejected
} from "./AppRoutes.ts"
import { noRoutes, type RouteTable } from "./Routing.ts"

const { given } = specification(AppRoutes)
const box = { subject: SubjectId.make("A".repeat(43)), key: "1", iv: "aaaa", box: "bbbb" }
const secretOf = (id: string): Signing => ({ id, publicKey: "key", box })
const idOf = (n: number) => TargetId.make(`${String(n).padStart(8, "0")}-0000-7000-8000-000000000000`)
const [eu, log] = [idOf(1), idOf(2)]
const target = (id: TargetId, name: string, more: Partial<Added> = {}): Added => ({
  id,
  name,
  unit: "change",
  timeoutMillis: 5_000,
  url: box,
  secret: secretOf("1"),
  ...more
})
const adding = (added: Added): AppRoutesCommand => ({ _tag: "Add", added })
const added = (data: Added): AppRoutesEvent => ({ type: "routes.target_added", data })
const hasEu = added(target(eu, "eu", { region: "eu" }))
const hasLog = added(target(log, "log", { unit: "raw" }))
const setting = (routes: Partial<RouteTable>, taken?: string): AppRoutesCommand => ({
  _tag: "Set",
  routes: { ...noRoutes, ...routes },
  ...(taken !== undefined && { taken })
})
const set = (routes: Partial<RouteTable>, taken?: string): AppRoutesEvent => ({
  type: "routes.set",
  data: { ...noRoutes, ...routes, ...(taken !== undefined && { taken }) }
})
const removed: AppRoutesEvent = { type: "routes.target_removed", data: { id: eu } }
const until = fromMillis(1_000)
const no = (reason: RoutesRejected["reason"], ...place: ReadonlyArray<string>) =>
  new RoutesRejected({ reason, ...(place.length > 0 && { place }) })

describe("a target", () => {
  it("is added once, under a name that no other has", () => {
    assert.deepStrictEqual(given().when(adding(target(eu, "eu"))), [added(target(eu, "eu"))])
    assert.deepStrictEqual(given(hasEu).when(adding(target(eu, "other"))), no("exists"))
    assert.deepStrictEqual(given(hasEu).when(adding(target(log, "eu"))), no("name_taken"))
    assert.deepStrictEqual(given(hasEu, removed).when(adding(target(eu, "eu"))), no("exists"))
    assert.deepStrictEqual(given(hasEu, removed).when(adding(target(log, "eu"))), [added(target(log, "eu"))])
  })

  it("is one of so many", () => {
    const all = Array.from({ length: mostTargets }, (_, n) => added(target(idOf(n), `t${n}`)))
    assert.deepStrictEqual(given(...all).when(adding(target(idOf(99), "more"))), no("full"))
  })

  it("that takes requests whole is in no region", () => {
    assert.deepStrictEqual(given().when(adding(target(log, "log", { unit: "raw", region: "eu" }))), no("raw_of_region"))
    assert.deepStrictEqual(
      given(hasLog).when({ _tag: "Change", changed: { id: log, region: "eu" } }),
      no("raw_of_region")
    )
    assert.deepStrictEqual(given(hasLog).when({ _tag: "Change", changed: { id: log, region: null } }), [
      { type: "routes.target_changed", data: { id: log, region: null } }
    ])
  })

  it("changes what is said, and nothing when nothing is", () => {
    assert.deepStrictEqual(given(hasEu).when({ _tag: "Change", changed: { id: eu } }), [])
    assert.deepStrictEqual(
      given(hasEu).when({ _tag: "Change", changed: { id: log, timeoutMillis: 1 } }),
      no("not_there")
    )
  })

  it("takes each secret once", () => {
    const rotate: AppRoutesCommand = { _tag: "Rotate", id: eu, secret: secretOf("2"), until }
    const rotated: AppRoutesEvent = {
      type: "routes.target_secret_rotated",
      data: { id: eu, secret: secretOf("2"), until }
    }
    assert.deepStrictEqual(given(hasEu).when(rotate), [rotated])
    assert.deepStrictEqual(given(hasEu, rotated).when(rotate), [])
    assert.deepStrictEqual(given(hasEu).when({ ...rotate, secret: secretOf("1") }), [])
  })

  it("is disabled as it was aimed last, and enabled again", () => {
    const [before, now] = ["1", "2"].map((n) => EventId.make(`${n.repeat(8)}-0000-7000-8000-000000000000`))
    const aimed = { ...hasEu, id: before! }
    const moved: AppRoutesEvent = { type: "routes.target_changed", data: { id: eu, url: box }, id: now! }
    const gone = (aimedBy?: EventId): AppRoutesCommand => ({
      _tag: "Disable",
      id: eu,
      reason: "gone",
      ...(aimedBy !== undefined && { aimedBy })
    })
    const disabled: AppRoutesEvent = { type: "routes.target_disabled", data: { id: eu, reason: "gone" } }
    const byHand: AppRoutesCommand = { _tag: "Disable", id: eu, reason: "operator" }
    assert.deepStrictEqual(given(aimed).when(gone(before)), [disabled])
    assert.deepStrictEqual(given(aimed, moved).when(gone(before)), [])
    assert.deepStrictEqual(given(aimed, disabled).when(gone()), [])
    assert.deepStrictEqual(given(aimed, disabled).when(byHand), [
      { type: "routes.target_disabled", data: { id: eu, reason: "operator" } }
    ])
    assert.deepStrictEqual(given(aimed, disabled).when({ _tag: "Enable", id: eu }), [
      { type: "routes.target_enabled", data: { id: eu } }
    ])
    assert.deepStrictEqual(given(aimed).when({ _tag: "Enable", id: eu }), [])
  })

  it("is removed when no route leads there, once", () => {
    const remove: AppRoutesCommand = { _tag: "Remove", id: eu }
    const leading = set({ prefixes: { "49": ["eu"] } })
    assert.deepStrictEqual(given(hasEu, leading).when(remove), no("in_use", "prefixes", "49", "0"))
    assert.deepStrictEqual(given(hasEu, set({ others: ["eu"] })).when(remove), no("in_use", "others", "0"))
    assert.deepStrictEqual(given(hasEu, leading, set({})).when(remove), [removed])
    assert.deepStrictEqual(given(hasEu, removed).when(remove), [])
    assert.deepStrictEqual(given().when(remove), no("not_there"))
  })
})

describe("routes", () => {
  it("lead to targets that are there", () => {
    const routes = { fields: { messages: ["log"] }, prefixes: { "49": ["eu"] }, others: ["log"] }
    assert.deepStrictEqual(given(hasEu, hasLog).when(setting(routes)), [set(routes)])
    assert.deepStrictEqual(given(hasEu).when(setting(routes)), no("unknown_target", "fields", "messages", "0"))
    assert.deepStrictEqual(given(hasEu, removed).when(setting({ others: ["eu"] })), no("unknown_target", "others", "0"))
  })

  it("lead nobody by part to a target that takes requests whole", () => {
    for (const [part, key] of [
      ["accounts", "7"],
      ["prefixes", "49"],
      ["countries", "DE"]
    ] as const) {
      const routes = { [part]: { [key]: ["eu", "log"] } }
      assert.deepStrictEqual(given(hasEu, hasLog).when(setting(routes)), no("raw_by_part", part, key, "1"))
    }
  })

  it("that are as they were are no news, unless they are taken from elsewhere", () => {
    const routes = { fields: { messages: ["eu"], calls: ["eu"] } }
    const turned = { fields: { calls: ["eu"], messages: ["eu"] } }
    assert.deepStrictEqual(given(hasEu, set(routes)).when(setting(turned)), [])
    assert.deepStrictEqual(given(hasEu, set(routes)).when(setting(routes, "digest")), [set(routes, "digest")])
    assert.deepStrictEqual(given(hasEu, set(routes, "digest")).when(setting(routes, "digest")), [])
    assert.deepStrictEqual(given(hasEu, set({}, "digest"), set(routes)).when(setting(routes, "digest")), [])
  })

  it("are set in place of those that were read, if somebody says which", () => {
    const version = EventId.make("11111111-0000-7000-8000-000000000000")
    const read = { ...set({ others: ["eu"] }), id: version }
    const inPlaceOf = (of: EventId | null, others: ReadonlyArray<string>): AppRoutesCommand => ({
      _tag: "Set",
      routes: { ...noRoutes, others },
      version: of
    })
    assert.deepStrictEqual(given(hasEu, read).when(inPlaceOf(version, [])), [set({})])
    assert.deepStrictEqual(
      given(hasEu, read, set({ fields: { calls: ["eu"] } })).when(inPlaceOf(version, [])),
      no("changed")
    )
    assert.deepStrictEqual(given(hasEu, read).when(inPlaceOf(null, [])), no("changed"))
    assert.deepStrictEqual(given(hasEu).when(inPlaceOf(null, ["eu"])), [set({ others: ["eu"] })])
    // whoever did not hear the answer asks again
    assert.deepStrictEqual(given(hasEu, read).when(inPlaceOf(null, ["eu"])), [])
  })
})
