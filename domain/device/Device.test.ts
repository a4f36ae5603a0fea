import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { fold } from "../Decider.ts"
import { AgentId, EventId, SubjectId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import {
  type ChangeEvent,
  type Created,
  Device,
  type DeviceCommand,
  type DeviceEvent,
  DeviceRejected,
  type DeviceState
} from "./Device.ts"
import type { Connection } from "./Link.ts"

const { given } = specification(Device)
const name = { subject: SubjectId.make("A".repeat(43)), key: "1", iv: "aaaa", box: "bbbb" }
const id = EventId.make("0196f3c0-0000-5000-8000-000000000001")
const agent = AgentId.make("home")
const details: Created = { name, via: { transport: "whatsapp-web", agent, pairing: { method: "qr" } } }
const cloud: Created = { name, via: { transport: "cloud-api", account: "102290129340398", number: "106540352242922" } }
const created: DeviceEvent = { type: "device.created", data: details }
const create: DeviceCommand = { _tag: "Create", created: details }

const changes = ["paired", "connected", "disconnected", "logged_out"] as const
type Change = (typeof changes)[number]
const told = (step: number, change: Change): ChangeEvent => {
  const data = { step, at: fromMillis(step), evidence: "bytes" }
  return change === "paired" || change === "connected"
    ? { type: `device.${change}`, data }
    : { type: `device.${change}`, data: { ...data, reason: `reason ${step}` } }
}
const record = (event: ChangeEvent, by = agent): DeviceCommand => ({ _tag: "Record", agent: by, event })

/** What a stream holds after these reports were tried in order. */
const run = (events: ReadonlyArray<ChangeEvent>) => {
  const history: Array<DeviceEvent> = [created]
  for (const event of events) {
    history.push(...Result.getOrElse(Device.decide(record(event), fold(Device, history)), () => []))
  }
  return history
}
const stateAfter = (...events: ReadonlyArray<ChangeEvent>) => {
  const state = fold(Device, run(events))
  if (state._tag === "Nothing") throw new Error("was created")
  return state
}
const connectionAfter = (...told: ReadonlyArray<ChangeEvent>): Connection => stateAfter(...told).connection

const permutations = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length < 2
    ? [items]
    : items.flatMap((one, i) => permutations(items.toSpliced(i, 1)).map((rest) => [one, ...rest]))

describe("Device", () => {
  it("is created once", () => {
    assert.deepStrictEqual(given().when(create), [created])
    assert.deepStrictEqual(given(created).when(create), new DeviceRejected({ reason: "exists" }))
    assert.deepStrictEqual(given().when(record(told(0, "paired"))), new DeviceRejected({ reason: "not_created" }))
  })

  it("is stored as the release before stores it, and if that cannot say it, as the next one will", () => {
    const stored = (data: Created) => {
      const { data: written, type } = Device.read.stored({ type: "device.created", data }, id)
      return [type, written]
    }
    assert.deepEqual(stored(details), ["device.created.v1", { agent, name, pairing: { method: "qr" } }])
    assert.deepEqual(stored(cloud), ["device.created.v2", cloud])
  })

  it("hears its own agent alone, and none if it has none", () => {
    const office = record(told(0, "logged_out"), AgentId.make("office"))
    for (const data of [details, cloud]) {
      const event: DeviceEvent = { type: "device.created", data }
      assert.deepStrictEqual(given(event).when(office), new DeviceRejected({ reason: "other_agent" }))
    }
  })

  it("records each step once, in any order", () => {
    assert.deepStrictEqual(given(created).when(record(told(0, "paired"))), [told(0, "paired")])
    assert.deepStrictEqual(given(created, told(0, "paired")).when(record(told(0, "paired"))), [])
    assert.deepStrictEqual(given(created, told(2, "connected")).when(record(told(2, "connected"))), [])
    assert.deepStrictEqual(given(created, told(2, "connected")).when(record(told(0, "paired"))), [told(0, "paired")])
    assert.deepStrictEqual(given(created, told(2, "connected")).when(record(told(3, "connected"))), [
      told(3, "connected")
    ])
  })

  it("takes no step that is further ahead of all it knows than any agent gets, in any order", () => {
    const far = new DeviceRejected({ reason: "step_too_far" })
    assert.deepStrictEqual(given(created).when(record(told(10_001, "connected"))), far)
    assert.deepStrictEqual(given(created).when(record(told(2 ** 52, "connected"))), far)
    const restored = [told(9_000, "disconnected"), told(10_000, "connected")] // the log forgot what came before
    for (const ahead of [restored, restored.toReversed()]) {
      assert.lengthOf(run(ahead), 3)
      const about = given(created, ...ahead)
      assert.deepStrictEqual(about.when(record(told(20_000, "connected"))), [told(20_000, "connected")])
      assert.deepStrictEqual(about.when(record(told(20_001, "connected"))), far)
      assert.deepStrictEqual(about.when(record(told(0, "paired"))), [told(0, "paired")])
    }
  })

  it("shows how its account is linked and connected", () => {
    assert.strictEqual(connectionAfter(), "pairing")
    assert.strictEqual(connectionAfter(told(0, "disconnected")), "pairing")
    assert.strictEqual(connectionAfter(told(0, "paired")), "disconnected")
    assert.strictEqual(connectionAfter(told(0, "paired"), told(1, "connected")), "connected")
    assert.strictEqual(connectionAfter(told(0, "connected"), told(1, "disconnected")), "disconnected")
    assert.strictEqual(connectionAfter(told(0, "connected"), told(1, "logged_out")), "logged_out")
    assert.strictEqual(
      connectionAfter(told(0, "connected"), told(1, "logged_out"), told(2, "disconnected")),
      "logged_out"
    )
    assert.strictEqual(connectionAfter(told(0, "connected"), told(1, "logged_out"), told(2, "paired")), "disconnected")
  })

  it("says whether it is paired, and why it is not connected", () => {
    const state = stateAfter(told(0, "paired"), told(1, "connected"), told(2, "disconnected"))
    assert.deepStrictEqual([state.paired, state.reason, state.step], [true, "reason 2", 2])
    const again = stateAfter(told(0, "paired"), told(1, "disconnected"), told(2, "connected"))
    assert.deepStrictEqual([again.paired, again.reason, again.step], [true, undefined, 2])
    assert.isFalse(stateAfter(told(0, "paired"), told(1, "logged_out")).paired)
  })

  it("is not moved back by what is told late", () => {
    assert.strictEqual(connectionAfter(told(1, "connected"), told(0, "disconnected")), "connected")
    assert.strictEqual(connectionAfter(told(1, "logged_out"), told(0, "connected")), "logged_out")
    assert.strictEqual(connectionAfter(told(1, "disconnected"), told(0, "paired")), "disconnected")
  })

  it("ends in the same state for every order of the same reports", () => {
    for (let code = 0; code < 4 ** 4; code++) {
      const history = [0, 1, 2, 3].map((step) => told(step, changes[(code >> (step * 2)) & 3]!))
      const expected = stateAfter(...history)
      assert.deepStrictEqual([expected.told, expected.ahead.size], [4, 0])
      for (const order of permutations(history)) assert.deepStrictEqual(stateAfter(...order), expected)
    }
  })

  it("counts on from the last word on its unlinking, however far that is ahead", () => {
    const history = run([told(0, "paired"), told(1, "connected"), told(3, "disconnected")])
    const asked = [...history, { type: "device.unlink_requested", data: { transport: "whatsapp-web" } } as const]
    const unlinked = [told(900, "logged_out"), told(901, "paired"), told(902, "connected")]
    const after = fold(Device, [...asked, ...unlinked]) as Extract<DeviceState, { _tag: "Device" }>
    assert.deepInclude(after, { told: 903, ahead: new Set<number>(), removal: "done" })
  })

  const other = { ...name, subject: SubjectId.make("B".repeat(43)) }
  const numbered = (asOf: number, number = name): DeviceEvent => ({
    type: "device.number_linked",
    data: { asOf, number }
  })
  const number = (asOf: number, number = name, by = agent): DeviceCommand => ({
    _tag: "RecordNumber",
    agent: by,
    asOf,
    number
  })
  const numberAfter = (...history: ReadonlyArray<DeviceEvent>) => {
    const state = fold(Device, [created, ...history])
    return state._tag === "Nothing" ? undefined : state.number?.number.subject
  }
  const [paired, connected] = [told(0, "paired"), told(1, "connected")]

  it("records a number once, and again when it is another one; sealed anew it is the same", () => {
    assert.deepStrictEqual(given(created, paired, connected).when(number(1)), [numbered(1)])
    assert.deepStrictEqual(given(created, paired).when(number(1)), [numbered(1)]) // before the report that it is as of
    const linked = given(created, paired, connected, numbered(1), told(2, "disconnected"), told(3, "connected"))
    assert.deepStrictEqual(linked.when(number(3, { ...name, iv: "cccc" })), [])
    assert.deepStrictEqual(linked.when(number(3, other)), [numbered(3, other)])
  })

  it("hears no other agent on it, and not what was told of an account before", () => {
    const office = number(1, name, AgentId.make("office"))
    assert.deepStrictEqual(given(created, paired).when(office), new DeviceRejected({ reason: "other_agent" }))
    assert.deepStrictEqual(given().when(number(1)), new DeviceRejected({ reason: "not_created" }))
    const via = { transport: "whatsapp-web", agent, pairing: { method: "qr" } } as const
    const relinking: ReadonlyArray<DeviceEvent> = [
      told(2, "logged_out"),
      { type: "device.link_requested", data: { via } },
      told(3, "paired"),
      told(4, "connected")
    ]
    for (let n = 1; n <= relinking.length; n++) {
      const late = given(created, paired, connected, ...relinking.slice(0, n))
      assert.deepStrictEqual(late.when(number(1)), [])
      assert.deepStrictEqual(late.when(number(4)), [numbered(4)])
    }
  })

  it("forgets a number with the link it is of, in whatever order that is told", () => {
    assert.strictEqual(numberAfter(paired, connected, numbered(1)), name.subject)
    assert.strictEqual(numberAfter(paired, numbered(1), connected, told(2, "disconnected")), name.subject)
    assert.isUndefined(numberAfter(paired, connected, numbered(1), told(2, "logged_out")))
    assert.isUndefined(numberAfter(paired, connected, numbered(1), told(3, "paired"))) // the farewell is on its way
    const again = [told(3, "paired"), told(4, "connected"), numbered(4, other), told(2, "logged_out")] as const
    for (const order of permutations(again)) {
      assert.strictEqual(numberAfter(paired, connected, numbered(1), ...order), other.subject)
    }
  })

  const AnyChange = Schema.Struct({ step: Schema.Literals([0, 1, 2, 3, 4, 5]), change: Schema.Literals(changes) })
  it.prop("is idempotent: told again, in any order, nothing is new", [Schema.Array(AnyChange)], ([any]) => {
    const reports = any.map(({ change, step }) => told(step, change))
    const history = run(reports)
    const steps = history.flatMap((event) => ("step" in event.data ? [event.data.step] : []))
    assert.strictEqual(new Set(steps).size, steps.length)
    assert.deepStrictEqual(run([...reports, ...reports.toReversed()]), history)
  })
})
