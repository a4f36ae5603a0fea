import { assert, describe, it } from "@effect/vitest"
import { fold } from "../Decider.ts"
import { AgentId, EventId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import { specification } from "../testing/Specification.ts"
import { LogIdentity, type LogIdentityCommand, type LogIdentityEvent, LogIdentityRejected } from "./LogIdentity.ts"
import { isTaken, latestKey } from "./LogIdentityState.ts"

const { given } = specification(LogIdentity)
const store = "0196f3c0-0000-7000-8000-000000000001"
const home = AgentId.make("home")
const office = AgentId.make("office")
const keys = (keyId: string) => ({ keyId, signing: `signing ${keyId}`, agreement: `agreement ${keyId}` })

const opened: LogIdentityEvent = { type: "store.opened", data: { store, epoch: 0 } }
const added = (keyId: string): LogIdentityEvent => ({ type: "store.gateway_key_added", data: keys(keyId) })
const overlapUntil = fromMillis(1_000)
const offer = (agent: AgentId, keyId: string) => ({ agent, ...keys(keyId), protocol: 2, overlapUntil })
const enrolled = (agent: AgentId, keyId: string): LogIdentityEvent => ({
  type: "store.agent_enrolled",
  data: offer(agent, keyId)
})
const open: LogIdentityCommand = { _tag: "Open", opened: { store, epoch: 0 } }
const add = (keyId: string): LogIdentityCommand => ({ _tag: "AddGatewayKey", key: keys(keyId) })
const enrol = (agent: AgentId, keyId: string): LogIdentityCommand => ({
  _tag: "EnrolAgent",
  agent: offer(agent, keyId)
})
const activate = (keyId: string): LogIdentityCommand => ({
  _tag: "ActivateGatewayKey",
  activated: { keyId, overlapUntil }
})
const activated = (keyId: string): LogIdentityEvent => ({
  type: "store.gateway_key_activated",
  data: { keyId, overlapUntil }
})
const revoke = (keyId: string): LogIdentityCommand => ({ _tag: "RevokeGatewayKey", keyId })
const revoked = (keyId: string): LogIdentityEvent => ({ type: "store.gateway_key_revoked", data: { keyId } })
const rejected = (reason: LogIdentityRejected["reason"]) => new LogIdentityRejected({ reason })
const stateAfter = (...events: ReadonlyArray<LogIdentityEvent>) => {
  const state = fold(LogIdentity, [opened, ...events])
  assert(state._tag === "Open")
  return state
}

describe("LogIdentity", () => {
  it("is opened once, whoever asks again", () => {
    assert.deepStrictEqual(given().when(open), [opened])
    assert.deepStrictEqual(given(opened).when(open), [])
    const other: LogIdentityCommand = {
      _tag: "Open",
      opened: { store: "0196f3c0-0000-7000-8000-000000000002", epoch: 9 }
    }
    assert.deepStrictEqual(given(opened).when(other), [])
  })

  it("knows no keys before it is opened", () => {
    const notOpened = new LogIdentityRejected({ reason: "not_opened" })
    assert.deepStrictEqual(given().when(add("g1")), notOpened)
    assert.deepStrictEqual(given().when(enrol(home, "a1")), notOpened)
  })

  it("records each key of the gateway and of an agent once", () => {
    assert.deepStrictEqual(given(opened).when(add("g1")), [added("g1")])
    assert.deepStrictEqual(given(opened, added("g1")).when(add("g1")), [])
    assert.deepStrictEqual(given(opened, added("g1")).when(add("g2")), [added("g2")])
    assert.deepStrictEqual(given(opened).when(enrol(home, "a1")), [enrolled(home, "a1")])
    assert.deepStrictEqual(given(opened, enrolled(home, "a1")).when(enrol(home, "a1")), [])
    assert.deepStrictEqual(given(opened, enrolled(home, "a1")).when(enrol(office, "a1")), [enrolled(office, "a1")])
  })

  it("keeps as whom an agent signs in at the bus, by the name that is stored", () => {
    const busUser = `U${"A".repeat(55)}`
    const named: LogIdentityCommand = { _tag: "EnrolAgent", agent: { ...offer(home, "a1"), busUser } }
    const stored: LogIdentityEvent = {
      type: "store.agent_enrolled",
      data: { ...offer(home, "a1"), ...{ nkey: busUser } }
    }
    assert.deepStrictEqual(given(opened, enrolled(home, "a1")).when(named), [stored])
    assert.deepStrictEqual(given(opened, stored).when(named), [])
    assert.strictEqual(stateAfter(stored).agents.get(home)!.get("a1")!.busUser, busUser)
  })

  it("records a key that came to mean something else", () => {
    const renamed = { ...offer(home, "a1"), keyId: "a2" }
    assert.deepStrictEqual(given(opened, enrolled(home, "a1")).when({ _tag: "EnrolAgent", agent: renamed }), [
      { type: "store.agent_enrolled", data: renamed }
    ] as ReadonlyArray<LogIdentityEvent>)
    const agreement = { ...keys("a1"), agreement: "another" }
    assert.deepStrictEqual(
      given(opened, enrolled(home, "a1")).when({ _tag: "EnrolAgent", agent: { ...offer(home, "a1"), ...agreement } }),
      [
        { type: "store.agent_enrolled", data: { ...offer(home, "a1"), ...agreement } }
      ] as ReadonlyArray<LogIdentityEvent>
    )
    assert.deepStrictEqual(given(opened, added("a1")).when({ _tag: "AddGatewayKey", key: agreement }), [
      { type: "store.gateway_key_added", data: agreement }
    ] as ReadonlyArray<LogIdentityEvent>)
  })

  it("keeps an agent's older keys, for what they signed, and its latest last", () => {
    const agentsAfter = (...events: ReadonlyArray<LogIdentityEvent>) => {
      const state = fold(LogIdentity, [opened, ...events])
      return state._tag === "Open" ? [...(state.agents.get(home)?.keys() ?? [])] : []
    }
    assert.deepStrictEqual(agentsAfter(enrolled(home, "a1"), enrolled(home, "a2")), ["a1", "a2"])
    const back = [enrolled(home, "a1"), enrolled(home, "a2"), enrolled(home, "a1")]
    assert.deepStrictEqual(given(opened, ...back.slice(0, 2)).when(enrol(home, "a1")), [enrolled(home, "a1")])
    assert.deepStrictEqual(agentsAfter(...back), ["a2", "a1"])
  })

  it("signs with the first key it was given, until another is activated; the one before is taken for a while", () => {
    assert.strictEqual(stateAfter(added("g1"), added("g2")).active, "g1")
    assert.deepStrictEqual(given(opened, added("g1")).when(activate("g1")), [])
    assert.deepStrictEqual(given(opened, added("g1"), added("g2")).when(activate("g2")), [activated("g2")])
    assert.deepStrictEqual(given(opened, added("g1")).when(activate("g2")), rejected("no_such_key"))
    const { active, gatewayKeys } = stateAfter(added("g1"), added("g2"), activated("g2"))
    const [old, now] = [gatewayKeys.get("g1")!, gatewayKeys.get("g2")!]
    assert.deepStrictEqual([active, old.until, now.until], ["g2", overlapUntil, undefined])
    assert.deepStrictEqual([isTaken(old, fromMillis(999)), isTaken(old, overlapUntil)], [true, false])
    assert.isTrue(isTaken(now, fromMillis(2 ** 40)))
    const back = stateAfter(added("g1"), added("g2"), activated("g2"), activated("g1"))
    assert.deepStrictEqual([back.active, back.gatewayKeys.get("g1")!.until], ["g1", undefined])
  })

  it("takes nothing from a revoked key, ever again", () => {
    const all = [opened, added("g1"), added("g2"), activated("g2")]
    assert.deepStrictEqual(given(...all).when(revoke("g2")), rejected("key_active"))
    assert.deepStrictEqual(given(...all).when(revoke("g3")), rejected("no_such_key"))
    assert.deepStrictEqual(given(...all).when(revoke("g1")), [revoked("g1")])
    const after = [...all, revoked("g1")]
    assert.deepStrictEqual(given(...after).when(revoke("g1")), [])
    assert.deepStrictEqual(given(...after).when(activate("g1")), rejected("key_revoked"))
    assert.deepStrictEqual(given(...after).when(add("g1")), rejected("key_revoked"))
    const key = stateAfter(...after.slice(1)).gatewayKeys.get("g1")!
    assert.deepStrictEqual([isTaken(key, fromMillis(0)), key.signing], [false, "signing g1"])
  })

  it("takes an agent's older keys for a while, and none that was revoked", () => {
    const gone: LogIdentityCommand = { _tag: "RevokeAgentKey", revoked: { agent: home, keyId: "a2" } }
    const event: LogIdentityEvent = { type: "store.agent_key_revoked", data: { agent: home, keyId: "a2" } }
    const both = [enrolled(home, "a1"), enrolled(home, "a2")]
    assert.deepStrictEqual(given(opened, ...both).when(gone), [event])
    assert.deepStrictEqual(given(opened, enrolled(home, "a1")).when(gone), rejected("no_such_key"))
    assert.deepStrictEqual(given(opened, ...both, event).when(gone), [])
    assert.deepStrictEqual(given(opened, ...both, event).when(enrol(home, "a2")), rejected("key_revoked"))
    const before = stateAfter(...both).agents.get(home)!
    assert.deepStrictEqual([before.get("a1")!.until, before.get("a2")!.until], [overlapUntil, undefined])
    assert.strictEqual(latestKey(before)?.[0], "a2")
    const own = stateAfter(...both, event).agents.get(home)!
    assert.isFalse(isTaken(own.get("a2")!, fromMillis(0)))
    assert.strictEqual(latestKey(own)?.[0], "a1")
  })

  it("records an agent again that speaks a newer protocol", () => {
    const older = LogIdentity.read({
      eventId: EventId.make(store),
      type: "store.agent_enrolled.v1",
      data: { agent: home, ...keys("a1") }
    })
    assert.strictEqual(stateAfter(older).agents.get(home)!.get("a1")!.protocol, 1)
    assert.deepStrictEqual(given(opened, older).when(enrol(home, "a1")), [enrolled(home, "a1")])
  })

  it("only ever raises its epoch", () => {
    const raise = (epoch: number): LogIdentityCommand => ({ _tag: "RaiseEpoch", epoch })
    const raised: LogIdentityEvent = { type: "store.epoch_raised", data: { epoch: 1 } }
    assert.deepStrictEqual(given(opened).when(raise(1)), [raised])
    assert.deepStrictEqual(given(opened, raised).when(raise(1)), [])
    assert.deepStrictEqual(given(opened, raised).when(raise(0)), [])
    assert.strictEqual(stateAfter(raised).epoch, 1)
  })

  it("holds processes to what they have in common, unless they are to have something else in common", () => {
    const one = { pepper: "one", shared: false }
    const record = (installation: typeof one, adopt = false): LogIdentityCommand => ({
      _tag: "RecordInstallation",
      installation,
      adopt
    })
    const recorded = (data: typeof one): LogIdentityEvent => ({ type: "store.installation_recorded", data })
    const [other, several] = [
      { ...one, pepper: "other" },
      { ...one, shared: true }
    ]
    assert.deepStrictEqual(given(opened).when(record(one)), [recorded(one)])
    assert.deepStrictEqual(given(opened, recorded(one)).when(record(one)), [])
    assert.deepStrictEqual(given(opened, recorded(one)).when(record(other)), rejected("other_pepper"))
    assert.deepStrictEqual(given(opened, recorded(one)).when(record(several)), [recorded(several)])
    assert.deepStrictEqual(given(opened, recorded(several)).when(record(one)), rejected("not_shared"))
    assert.deepStrictEqual(given(opened, recorded(several)).when(record(other)), rejected("other_pepper"))
    assert.deepStrictEqual(given(opened, recorded(one)).when(record(other, true)), [recorded(other)])
    assert.deepStrictEqual(given(opened, recorded(several)).when(record(one, true)), [recorded(one)])
    assert.deepStrictEqual(stateAfter(recorded(one), recorded(several)).installation, several)
  })

  it("remembers everything", () => {
    const { agreement, signing } = keys("x")
    const key = { signing, agreement, until: undefined, revoked: false }
    assert.deepStrictEqual(stateAfter(added("x"), enrolled(home, "x")), {
      _tag: "Open",
      store,
      epoch: 0,
      installation: undefined,
      active: "x",
      gatewayKeys: new Map([["x", key]]),
      agents: new Map([[home, new Map([["x", { ...key, protocol: 2, busUser: undefined }]])]])
    })
  })

  it("is identified by a UUID", () => {
    const id = EventId.make(store)
    const read = (store: string) =>
      LogIdentity.read({ eventId: id, type: "store.opened.v1", data: { store, epoch: 0 } })
    assert.deepStrictEqual(read(store), { ...opened, id })
    assert.throws(() => read("store"))
  })
})
