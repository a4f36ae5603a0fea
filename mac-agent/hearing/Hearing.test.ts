import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { EventId } from "#domain/Ids.ts"
import { Heard } from "#domain/inbound/Heard.ts"
import { LedgerUnavailable } from "#domain/ports/Ledger.ts"
import { unbox } from "#domain/wire/Protocol.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import {
  acknowledgementOf,
  device,
  type Gateway,
  makeGateway,
  pairOf,
  reportKey,
  startAgent
} from "../testing/AgentFixture.ts"
import { pass, until } from "../testing/Turns.ts"

const decode = Heard.make
const heardOf = (n: number, lid = "900002", over: Pick<Partial<Heard>, "isHistory"> = {}) =>
  Heard.make({
    waMessageId: `A${n}`,
    chat: { kind: "person", lid: lid as never },
    sender: { kind: "person", lid: lid as never },
    fromMe: false,
    content: { type: "text", text: `text ${n}` },
    ...over
  })

/** As it comes with a phone's history: with more around the same words. */
const fromHistory = (heard: Heard): Heard =>
  Heard.make({ ...heard, isHistory: true, content: { ...heard.content, raw: "Cg" } as Heard["content"] })

const running = Effect.fnUntraced(function* (gateway: Gateway, options: Parameters<typeof startAgent>[1] = {}) {
  const agent = yield* startAgent(gateway, { protocol: 3, ...options })
  const taken: Array<number> = []
  const refused: Array<number> = []
  const hearsIt = (n: number, heard: Heard) =>
    agent.tell({
      _tag: "Heard",
      device,
      heard,
      taken: Effect.sync(() => void taken.push(n)),
      refused: Effect.sync(() => void refused.push(n))
    })
  const hears = (n: number, lid?: string, over?: Pick<Partial<Heard>, "isHistory">) => hearsIt(n, heardOf(n, lid, over))
  return { ...agent, hears, hearsIt, refused, taken }
})

/** The facts in the order in which they were told, each as often as it was. */
const factsOf = ({ told }: Pick<Gateway, "told">) =>
  told.flatMap(({ header, id, report }) =>
    report.kind === "heard"
      ? [
          {
            id,
            text: Effect.map(
              unbox(crypto, [reportKey], header, report.box, (plain) => decode(plain as Heard)),
              textOf
            )
          }
        ]
      : []
  )
const textOf = ({ content }: Heard) => (content.type === "text" ? content.text : content.type)
const textsOf = (gateway: Gateway) => Effect.all(factsOf(gateway).map(({ text }) => text))

/** A gateway of today says so in all that it writes. */
const today = { direction: "homing/command/3" } as const
const connect = Effect.fnUntraced(function* (gateway: Gateway, over: { readonly direction?: "homing/command/1" } = {}) {
  yield* gateway.issue(pairOf(900_001, { ...today, ...over }))
  yield* until("the device is connected", () => gateway.changes(device).at(-1) === "connected")
})

let acknowledgements = 700_000
const acknowledge = (gateway: Gateway, ...ids: ReadonlyArray<EventId>) =>
  Effect.flatMap(gateway.issue(acknowledgementOf(++acknowledgements, ids, today)), Fiber.join)

it.effect("of one chat one after the other is told, of others beside it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hears } = yield* running(gateway)
    yield* connect(gateway)
    for (const n of [1, 2, 3]) yield* hears(n)
    yield* hears(4, "900003")
    yield* until("both chats are told", () => factsOf(gateway).length === 2)
    yield* pass(1)
    assert.deepStrictEqual(yield* textsOf(gateway), ["text 1", "text 4"])
    for (const count of [3, 4]) {
      yield* acknowledge(gateway, ...factsOf(gateway).map(({ id }) => id))
      yield* until("the next is told", () => factsOf(gateway).length === count)
    }
    assert.deepStrictEqual(yield* textsOf(gateway), ["text 1", "text 4", "text 2", "text 3"])
  })
)

it.effect("what WhatsApp offers once more after the gateway had it is told at once, though the bus remembers it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hears } = yield* running(gateway)
    yield* connect(gateway)
    yield* hears(1)
    yield* until("it is told", () => factsOf(gateway).length === 1)
    yield* acknowledge(gateway, factsOf(gateway)[0]!.id)
    yield* hears(1)
    yield* until("it is told again", () => factsOf(gateway).length === 2)
  })
)

it.effect("what is said now waits for nothing that was said before the device was linked, however much it is", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hears, taken } = yield* running(gateway)
    yield* connect(gateway)
    const past = 6_000
    const isHistory = { isHistory: true } as const
    for (let n = 0; n < past; n++) yield* hears(n, String(900_000 + (n % 300)), isHistory)
    yield* hears(past, "900002")
    yield* until("all are taken", () => taken.length === past + 1)
    yield* pass(2)
    const texts = yield* textsOf(gateway)
    assert.include(texts, `text ${past}`)
    assert.strictEqual(texts.length, 64 + 1)
  })
)

it.effect("WhatsApp is told that it arrived when the ledger has it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let isDown = true
    const { hears, taken } = yield* running(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        facts: {
          ...ledger.facts,
          keep: (facts) =>
            Effect.suspend(() =>
              isDown ? Effect.fail(new LedgerUnavailable({ cause: "full" })) : ledger.facts.keep(facts)
            )
        }
      })
    })
    yield* connect(gateway)
    for (const n of [1, 2]) yield* hears(n)
    yield* pass(5)
    assert.deepStrictEqual([taken, factsOf(gateway).length], [[], 0])
    isDown = false
    yield* pass(2)
    yield* until("both are taken", () => taken.length === 2)
    assert.deepStrictEqual(taken, [1, 2])
  })
)

it.effect("what cannot be kept is not taken, and neither what came with it nor what comes later waits for it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hears, refused, taken } = yield* running(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        facts: {
          ...ledger.facts,
          keep: (facts) =>
            Effect.suspend(() =>
              facts.some(({ heard }) => heard.waMessageId === "A2") ? Effect.die("a bug") : ledger.facts.keep(facts)
            )
        }
      })
    })
    yield* connect(gateway)
    for (const n of [1, 2, 3]) yield* hears(n)
    yield* until("the others are taken", () => taken.length === 2)
    yield* hears(4)
    yield* until("what comes later is taken", () => taken.length === 3)
    assert.deepStrictEqual([taken, refused], [[1, 3, 4], [2]])
  })
)

it.effect("what cannot be read any more is passed over, and holds up nothing behind it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    let reads = 0
    const { hears } = yield* running(gateway, {
      ledger: (ledger) => ({
        ...ledger,
        facts: {
          ...ledger.facts,
          read: (place) => (++reads === 1 ? Effect.succeed("damaged" as const) : ledger.facts.read(place))
        }
      })
    })
    yield* connect(gateway)
    for (const n of [1, 2]) yield* hears(n)
    yield* until("the second is told", () => factsOf(gateway).length === 1)
    assert.deepStrictEqual(yield* textsOf(gateway), ["text 2"])
  })
)

it.effect("what the gateway has not acknowledged is told again, also in the next life, and as what it was", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { hears } = yield* running(gateway)
        yield* connect(gateway)
        for (const n of [1, 2, 3]) yield* hears(n)
        yield* until("the first is told", () => factsOf(gateway).length === 1)
        yield* pass(20)
        yield* until("it is told again", () => factsOf(gateway).length === 2)
        yield* acknowledge(gateway, factsOf(gateway)[0]!.id)
        yield* until("the second is told", () => factsOf(gateway).length === 3)
      })
    )
    yield* running(gateway)
    yield* until("the second is told again", () => factsOf(gateway).length === 4)
    const [one, again, two, twoAgain] = factsOf(gateway)
    assert.deepStrictEqual([one!.id, two!.id], [again!.id, twoAgain!.id])
    assert.deepStrictEqual(yield* textsOf(gateway), ["text 1", "text 1", "text 2", "text 2"])
    yield* acknowledge(gateway, two!.id)
    yield* until("the third is told", () => factsOf(gateway).length === 5)
    assert.strictEqual((yield* textsOf(gateway)).at(-1), "text 3")
  })
)

it.effect("what WhatsApp offers once more is the same, and taken again", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hears, hearsIt, taken } = yield* running(gateway)
    yield* connect(gateway)
    for (const n of [1, 1]) yield* hears(n)
    yield* hearsIt(1, fromHistory(heardOf(1)))
    yield* until("all are taken", () => taken.length === 3)
    yield* until("it is told", () => factsOf(gateway).length === 1)
    yield* acknowledge(gateway, factsOf(gateway)[0]!.id)
    yield* pass(30)
    assert.strictEqual(factsOf(gateway).length, 1)
  })
)

it.effect("is the same, whatever its group is called by then", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hearsIt, taken } = yield* running(gateway)
    yield* connect(gateway)
    const house = { kind: "group", address: "120363@g.us" } as const
    for (const chat of [house, { ...house, name: "the house" }, { ...house, name: "our house" }]) {
      yield* hearsIt(1, Heard.make({ ...heardOf(1), chat }))
    }
    yield* until("all are taken", () => taken.length === 3)
    yield* until("it is told", () => factsOf(gateway).length === 1)
    yield* acknowledge(gateway, factsOf(gateway)[0]!.id)
    yield* pass(30)
    assert.strictEqual(factsOf(gateway).length, 1)
  })
)

it.effect("waits for a gateway that takes it", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const { hears, taken } = yield* running(gateway, { protocol: 2 })
    yield* connect(gateway, { direction: "homing/command/1" })
    yield* hears(1)
    yield* until("it is taken", () => taken.length === 1)
    yield* pass(30)
    assert.strictEqual(factsOf(gateway).length, 0)
    yield* running(gateway)
    yield* until("it is told", () => factsOf(gateway).length === 1)
  })
)

it.effect("of many that waited all are told, in order", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const many = 5_000
    const { hears, taken } = yield* running(gateway, { protocol: 1 })
    yield* connect(gateway, { direction: "homing/command/1" })
    for (let n = 0; n < many; n++) yield* hears(n, String(n % 500))
    yield* until("all are taken", () => taken.length === many)
    yield* running(gateway)
    const numbers: Array<number> = []
    let seen = 0
    while (numbers.length < many) {
      yield* until("more is told", () => gateway.told.length > seen)
      const told = gateway.told.slice(seen)
      seen += told.length
      const fresh = factsOf({ told })
      for (const { text } of fresh) numbers.push(Number((yield* text).slice("text ".length)))
      yield* acknowledge(gateway, ...fresh.map(({ id }) => id))
    }
    assert.strictEqual(new Set(numbers).size, many)
    for (let chat = 0; chat < 500; chat++) {
      const own = numbers.filter((n) => n % 500 === chat)
      assert.deepStrictEqual(
        own,
        own.toSorted((a, b) => a - b)
      )
    }
  })
)
