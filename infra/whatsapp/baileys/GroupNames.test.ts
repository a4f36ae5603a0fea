import { assert, describe, it } from "@effect/vitest"
import type { GroupMetadata } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { Instant } from "#domain/Instant.ts"
import { Heard, type HeardContent } from "#domain/inbound/Heard.ts"
import { eventually } from "#domain/testing/Eventually.ts"
import { make } from "./GroupNames.ts"
import { personOf, placeOf } from "./heard/People.ts"
import { agent, bob, own, paired, type Told, world } from "./testing/BaileysFixture.ts"

const house = "120363@g.us"
const sender = personOf("15550002@s.whatsapp.net")!
const noon = Date.parse("2030-01-01T12:00:00.000Z") / 1_000

const scene = (groups: ReadonlyArray<Partial<GroupMetadata>> = [], { isFull = false } = {}) => {
  const rows = new Map<string, unknown>()
  const write = (type: string, id: string, value: unknown) => {
    if (isFull) throw new Error("the disk is full")
    rows.set(`${type} ${id}`, structuredClone(value))
  }
  let now = noon
  let asked = 0
  const set = async (data: object) => {
    for (const [type, some] of Object.entries(data))
      for (const [id, value] of Object.entries(some)) write(type, id, value)
  }
  const names = make(
    {
      authState: { keys: { set } } as never,
      groupFetchAllParticipating: async () => {
        asked += 1
        return Object.fromEntries(groups.map((group) => [group.id, group])) as Record<string, GroupMetadata>
      }
    },
    { get: (type, id) => rows.get(`${type} ${id}`), set: write },
    () => now
  )
  const heard = (content: HeardContent, rest: Partial<Heard> = {}) => {
    const { chat } = names.naming(
      Heard.make({ waMessageId: "A1", chat: placeOf(house), sender, fromMe: false, content, ...rest })
    )
    return "name" in chat ? chat.name : undefined
  }
  return { ...names, heard, passes: (seconds: number) => (now += seconds), asked: () => asked, rows }
}
const hello = { type: "text", text: "hello" } as const
const called = (text: string) => ({ type: "group", event: "subject_changed", text }) as const
const at = (seconds: number) => Instant.make(new Date((noon + seconds) * 1_000).toISOString())

describe("what a group is called", () => {
  it("is said with whatever is heard there, from when it was said on", () => {
    const { heard } = scene()
    assert.isUndefined(heard(hello))
    assert.strictEqual(heard(called("the house")), "the house")
    assert.strictEqual(heard(hello), "the house")
    assert.strictEqual(heard({ ...called("for tenants"), event: "description_changed" }), "the house")
    assert.isUndefined(heard(hello, { chat: placeOf("120364@g.us") }))
    assert.isUndefined(heard(hello, { chat: sender }))
  })

  it("is what was said of it last, whatever comes late", () => {
    const { heard } = scene()
    heard(called("new"), { sentAt: at(-10) })
    assert.strictEqual(heard(called("old"), { sentAt: at(-20) }), "new") // it is not called that any more
    heard(called("a year ago"), { isHistory: true })
    assert.strictEqual(heard(hello), "new")
    heard(called("from a clock that is ahead"), { sentAt: at(1_000_000) })
    heard(called("newest"), { sentAt: at(0) })
    assert.strictEqual(heard(hello), "newest")
  })

  it("is what it was called before, where it was called so again and what was between comes late", () => {
    const { heard } = scene()
    heard(called("ours"), { sentAt: at(-30) })
    heard(called("ours"), { sentAt: at(-10) })
    heard(called("theirs"), { sentAt: at(-20) })
    assert.strictEqual(heard(hello), "ours")
  })

  it("is said of a name that cannot be kept as well", () => {
    const { heard } = scene([], { isFull: true })
    assert.strictEqual(heard(called("the house")), "the house")
  })

  it("is asked for once a day, and what was said since then stands", async () => {
    const { asked, heard, passes, refresh } = scene([
      { id: house, subject: "listed", subjectTime: noon - 100 },
      { id: "120364@g.us", subject: "x".repeat(1_000), creation: noon - 100 }
    ])
    heard(called("said since"), { sentAt: at(-50) })
    await refresh()
    await refresh()
    assert.strictEqual(asked(), 1)
    assert.strictEqual(heard(hello), "said since")
    assert.strictEqual(heard(hello, { chat: placeOf("120364@g.us") }), "x".repeat(256))
    passes(86_400)
    await refresh()
    assert.strictEqual(asked(), 2)
    passes(-1_000_000) // a clock that was ahead is no reason not to ask
    await refresh()
    assert.strictEqual(asked(), 3)
  })
})

const nameOf = ({ heard: { chat } }: Told) => ("name" in chat ? chat.name : undefined)

it.live("a group is called by its name, also in the next life", () =>
  Effect.gen(function* () {
    const { hears, simulator, stop, world } = yield* paired()
    const group = simulator.changeGroup({ by: bob, subject: "the house", add: [own] })
    const says = (text: string) => Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, group, text }))
    assert.strictEqual(nameOf(yield* hears("Heard")), "the house") // it was made
    yield* says("hello")
    assert.strictEqual(nameOf(yield* hears("Heard")), "the house")
    simulator.changeGroup({ by: bob, group, subject: "our house" })
    assert.strictEqual(nameOf(yield* hears("Heard")), "our house")
    yield* stop
    yield* says("anybody there?")
    const next = yield* agent(world)
    yield* next.openLinked
    assert.strictEqual(nameOf(yield* next.hears("Heard")), "our house")
  })
)

it.live("the list of groups that a new device asks for says what they are called", () =>
  Effect.gen(function* () {
    const made = yield* world()
    const running = yield* agent(made)
    const house = made.simulator.changeGroup({ by: bob, subject: "the house", add: [own] })
    yield* running.pair
    const named = Effect.gen(function* () {
      yield* Effect.promise(() =>
        made.simulator.sendIncoming({ from: bob, to: own, group: house, text: "is it called so by now?" })
      )
      return nameOf(yield* running.hears("Heard"))
    })
    assert.strictEqual(yield* eventually(named, (name) => name !== undefined), "the house")
  })
)
