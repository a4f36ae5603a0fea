import { assert, describe, it } from "@effect/vitest"
import { DeviceId, EventId, SubjectId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import { Endpoint, type EndpointCommand, type EndpointEvent, EndpointRejected, type Signing } from "./Endpoint.ts"

const { given } = specification(Endpoint)
const box = { subject: SubjectId.make("A".repeat(43)), key: "1", iv: "aaaa", box: "bbbb" }
const secretOf = (id: string): Signing => ({ id, publicKey: "key", box })
const wanted = { url: box, types: [], device: null, personal: false }
const create: EndpointCommand = { _tag: "Create", created: { ...wanted, secret: secretOf("1") } }
const created: EndpointEvent = { type: "endpoint.created", data: create.created }
const until = fromMillis(1_000)
const rotate = (id: string): EndpointCommand => ({ _tag: "Rotate", secret: secretOf(id), until })
const rotated = (id: string): EndpointEvent => ({
  type: "endpoint.secret_rotated",
  data: { secret: secretOf(id), until }
})
const disable = (reason: "operator" | "gone"): EndpointCommand => ({ _tag: "Disable", reason })
const disabledBy = (reason: "operator" | "gone"): EndpointEvent => ({ type: "endpoint.disabled", data: { reason } })
const disabled = disabledBy("gone")
const enabled: EndpointEvent = { type: "endpoint.enabled", data: {} }
const removed: EndpointEvent = { type: "endpoint.removed", data: {} }
const all: ReadonlyArray<EndpointCommand> = [
  { _tag: "Update", updated: { personal: true } },
  rotate("2"),
  disable("operator"),
  { _tag: "Enable" },
  { _tag: "Remove" }
]
const notThere = new EndpointRejected({ reason: "not_there" })

describe("Endpoint", () => {
  it("is created once, and nothing is said of one that is not there", () => {
    assert.deepStrictEqual(given().when(create), [created])
    for (const before of [[created], [created, removed]]) {
      assert.deepStrictEqual(given(...before).when(create), new EndpointRejected({ reason: "exists" }))
    }
    for (const command of all) assert.deepStrictEqual(given().when(command), notThere)
  })

  it("changes what is said, and nothing when nothing is", () => {
    const updated = { device: DeviceId.make("11111111-1111-7111-8111-111111111111"), personal: true }
    assert.deepStrictEqual(given(created).when({ _tag: "Update", updated }), [
      { type: "endpoint.updated", data: updated }
    ])
    assert.deepStrictEqual(given(created).when({ _tag: "Update", updated: {} }), [])
  })

  it("takes each secret once", () => {
    assert.deepStrictEqual(given(created).when(rotate("2")), [rotated("2")])
    for (const id of ["1", "2"]) assert.deepStrictEqual(given(created, rotated("2")).when(rotate(id)), [])
  })

  it("is disabled once, for the first reason or an operator's, and enabled again", () => {
    assert.deepStrictEqual(given(created).when(disable("gone")), [disabled])
    assert.deepStrictEqual(given(created, disabled).when(disable("gone")), [])
    assert.deepStrictEqual(given(created, disabled).when(disable("operator")), [disabledBy("operator")])
    for (const reason of ["operator", "gone"] as const) {
      assert.deepStrictEqual(given(created, disabledBy("operator")).when(disable(reason)), [])
    }
    assert.deepStrictEqual(given(created, disabled).when({ _tag: "Enable" }), [enabled])
    assert.deepStrictEqual(given(created).when({ _tag: "Enable" }), [])
    assert.deepStrictEqual(given(created, disabled, enabled).when(disable("gone")), [disabled])
  })

  it("is not disabled for what it was before it was enabled, or moved", () => {
    const named = (n: number, event: EndpointEvent): EndpointEvent => ({
      ...event,
      id: EventId.make(`0196f3c0-0000-5000-8000-00000000000${n}`)
    })
    const moved: EndpointEvent = { type: "endpoint.updated", data: { url: box } }
    const widened: EndpointEvent = { type: "endpoint.updated", data: { types: [] } }
    const first = named(1, created)
    const gone = { ...disable("gone"), aimedBy: first.id } as EndpointCommand
    assert.deepStrictEqual(given(first).when(gone), [disabled])
    assert.deepStrictEqual(given(first, named(2, widened), named(3, rotated("2"))).when(gone), [disabled])
    assert.deepStrictEqual(given(first, named(2, moved)).when(gone), [])
    assert.deepStrictEqual(given(first, named(2, disabled), named(3, enabled)).when(gone), [])
  })

  it("is removed for good, and once", () => {
    assert.deepStrictEqual(given(created, disabled).when({ _tag: "Remove" }), [removed])
    assert.deepStrictEqual(given(created, removed).when({ _tag: "Remove" }), [])
    for (const command of all.slice(0, -1)) assert.deepStrictEqual(given(created, removed).when(command), notThere)
  })
})
