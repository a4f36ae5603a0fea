import { assert, describe, it } from "@effect/vitest"
import { fold } from "../Decider.ts"
import { AgentId } from "../Ids.ts"
import { specification } from "../Specification.ts"
import { readStoreEvent, Store, type StoreCommand, type StoreEvent, StoreRejected } from "./Store.ts"

const { given } = specification(Store)
const store = "0196f3c0-0000-7000-8000-000000000001"
const home = AgentId.make("home")
const office = AgentId.make("office")
const keys = (keyId: string) => ({ keyId, signing: `signing ${keyId}`, agreement: `agreement ${keyId}` })

const opened: StoreEvent = { type: "store.opened.v1", data: { store, epoch: 0 } }
const added = (keyId: string): StoreEvent => ({ type: "store.gateway_key_added.v1", data: keys(keyId) })
const enrolled = (agent: AgentId, keyId: string): StoreEvent => ({
  type: "store.agent_enrolled.v1",
  data: { agent, ...keys(keyId) }
})
const open: StoreCommand = { _tag: "Open", opened: { store, epoch: 0 } }
const add = (keyId: string): StoreCommand => ({ _tag: "AddGatewayKey", key: keys(keyId) })
const enrol = (agent: AgentId, keyId: string): StoreCommand => ({
  _tag: "EnrolAgent",
  agent: { agent, ...keys(keyId) }
})

describe("Store", () => {
  it("is opened once, whoever asks again", () => {
    assert.deepStrictEqual(given().when(open), [opened])
    assert.deepStrictEqual(given(opened).when(open), [])
    const other: StoreCommand = { _tag: "Open", opened: { store: "0196f3c0-0000-7000-8000-000000000002", epoch: 9 } }
    assert.deepStrictEqual(given(opened).when(other), [])
  })

  it("knows no keys before it is opened", () => {
    const notOpened = new StoreRejected({ reason: "not_opened" })
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

  it("records a key that came to mean something else", () => {
    const renamed = { agent: home, ...keys("a1"), keyId: "a2" }
    assert.deepStrictEqual(given(opened, enrolled(home, "a1")).when({ _tag: "EnrolAgent", agent: renamed }), [
      { type: "store.agent_enrolled.v1", data: renamed }
    ] as ReadonlyArray<StoreEvent>)
    const agreement = { ...keys("a1"), agreement: "another" }
    assert.deepStrictEqual(
      given(opened, enrolled(home, "a1")).when({ _tag: "EnrolAgent", agent: { agent: home, ...agreement } }),
      [{ type: "store.agent_enrolled.v1", data: { agent: home, ...agreement } }] as ReadonlyArray<StoreEvent>
    )
    assert.deepStrictEqual(given(opened, added("a1")).when({ _tag: "AddGatewayKey", key: agreement }), [
      { type: "store.gateway_key_added.v1", data: agreement }
    ] as ReadonlyArray<StoreEvent>)
  })

  it("keeps an agent's older keys, for what they signed, and its latest last", () => {
    const agentsAfter = (...events: ReadonlyArray<StoreEvent>) => {
      const state = fold(Store, [opened, ...events])
      return state._tag === "Open" ? [...(state.agents.get(home)?.keys() ?? [])] : []
    }
    assert.deepStrictEqual(agentsAfter(enrolled(home, "a1"), enrolled(home, "a2")), ["a1", "a2"])
    const back = [enrolled(home, "a1"), enrolled(home, "a2"), enrolled(home, "a1")]
    assert.deepStrictEqual(given(opened, ...back.slice(0, 2)).when(enrol(home, "a1")), [enrolled(home, "a1")])
    assert.deepStrictEqual(agentsAfter(...back), ["a2", "a1"])
  })

  it("remembers everything", () => {
    const { agreement, signing } = keys("x")
    assert.deepStrictEqual(fold(Store, [opened, added("x"), enrolled(home, "x")]), {
      _tag: "Open",
      store,
      epoch: 0,
      gatewayKeys: new Map([["x", { signing, agreement }]]),
      agents: new Map([[home, new Map([["x", { signing, agreement }]])]])
    })
  })

  it("is identified by a UUID", () => {
    const read = (id: string) => readStoreEvent({ type: "store.opened.v1", data: { store: id, epoch: 0 } })
    assert.deepStrictEqual(read(store), opened)
    assert.throws(() => read("store"))
  })
})
