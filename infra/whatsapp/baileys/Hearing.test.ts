import { isDeepStrictEqual } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SessionEvent } from "#domain/ports/WhatsApp.ts"
import type { Simulator } from "../simulator/Simulator.ts"
import { agent, bob, own, paired } from "./testing/BaileysFixture.ts"

type Told = Extract<SessionEvent, { readonly _tag: "Heard" }>

const bobSends = ({ sendIncoming }: Simulator, text: string, addressing: "lid" | "pn" = "lid") =>
  Effect.promise(() => sendIncoming({ from: bob, to: own, text, addressing }))
const receipts = ({ record }: Simulator, id: string) =>
  record.observations.filter(({ kind, waMessageId }) => kind === "client-receipt" && waMessageId === id).length
const receipt = (simulator: Simulator, id: string) =>
  Effect.promise(() => simulator.record.until((seen) => seen.kind === "client-receipt" && seen.waMessageId === id))
const textOf = ({ heard }: Told) => (heard.content.type === "text" ? heard.content.text : heard.content.type)

describe("what contacts send", () => {
  it.live("is told with who they are by both their names, whichever they write under", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired()
      for (const addressing of ["lid", "pn"] as const) {
        const id = yield* bobSends(simulator, `by ${addressing}`, addressing)
        const { heard } = yield* hears("Heard")
        assert.deepInclude(heard, { waMessageId: id, fromMe: false })
        assert.isTrue(isDeepStrictEqual(heard.chat, heard.sender))
        assert.strictEqual<string | undefined>(heard.sender.phone, `+${bob}`)
        assert.isDefined(heard.sender.lid)
        assert.deepStrictEqual(heard.content, { type: "text", text: `by ${addressing}` })
      }
    })
  )

  it.live("is not acknowledged to WhatsApp before somebody holds it, and in order", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({}, { takes: false })
      const ids = [yield* bobSends(simulator, "one"), yield* bobSends(simulator, "two")]
      const [one, two] = [yield* hears("Heard"), yield* hears("Heard")]
      assert.deepStrictEqual([textOf(one), textOf(two)], ["one", "two"])
      yield* two.taken
      yield* Effect.sleep(100)
      assert.deepStrictEqual(
        ids.map((id) => receipts(simulator, id)),
        [0, 0]
      )
      yield* one.taken
      yield* Effect.all(ids.map((id) => receipt(simulator, id)))
    })
  )

  it.live("is not acknowledged where it cannot be held, and what comes behind it is", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({}, { takes: false })
      const [first, second] = [yield* bobSends(simulator, "one"), yield* bobSends(simulator, "two")]
      const [one, two] = [yield* hears("Heard"), yield* hears("Heard")]
      yield* two.taken
      yield* one.refused
      yield* receipt(simulator, second)
      assert.strictEqual(receipts(simulator, first), 0)
    })
  )

  it.live("is read again in the next life of who died between opening it and holding it", () =>
    Effect.gen(function* () {
      const { hears, simulator, stop, world } = yield* paired({}, { takes: false })
      const ids: Array<string> = []
      for (const text of ["one", "two", "three"]) ids.push(yield* bobSends(simulator, text))
      for (const _ of ids) yield* hears("Heard")
      yield* stop
      const next = yield* agent(world)
      yield* next.openDevice()
      const again: Array<Told> = []
      for (const _ of ids) again.push(yield* next.hears("Heard"))
      assert.deepStrictEqual(again.map(textOf), ["one", "two", "three"])
      assert.deepStrictEqual(
        again.map(({ heard }) => heard.waMessageId),
        ids
      )
      yield* Effect.all(ids.map((id) => receipt(simulator, id)))
    })
  )

  it.live("is read in a later life though others are offered first, and each life dies over those", () =>
    Effect.gen(function* () {
      const { simulator, stop, world } = yield* paired()
      yield* stop
      simulator.faults.offlineOrder = "reversed"
      const atOnce = 16
      const sent: Array<string> = []
      for (let life = 0; life < 4; life++) {
        for (let n = 0; n < atOnce; n++) {
          sent.push(`life ${life}, ${n}`)
          yield* bobSends(simulator, sent.at(-1)!)
        }
        const dying = yield* agent(world, { takes: false })
        yield* dying.openDevice()
        for (let n = 0; n < atOnce; n++) yield* dying.hears("Heard")
        yield* dying.stop
      }
      const last = yield* agent(world)
      yield* last.openDevice()
      const told = new Set<string | undefined>()
      for (const _ of sent) told.add(textOf(yield* last.hears("Heard")))
      assert.deepStrictEqual(
        sent.filter((text) => !told.has(text)),
        []
      )
    })
  )

  it.live("that can be read by the time it is acknowledged is told as what it says, then at the latest", () =>
    Effect.gen(function* () {
      const { simulator, stop, world } = yield* paired()
      yield* stop
      const group = simulator.changeGroup({ by: bob, subject: "the house", add: [own] })
      const says = (text: string) => Effect.promise(() => simulator.sendIncoming({ from: bob, to: own, group, text }))
      yield* says("with the key of the group")
      const id = yield* says("without it")
      simulator.faults.offlineOrder = "reversed"
      const next = yield* agent(world, { takes: false })
      yield* next.openDevice()
      const [unread, read] = [yield* next.hears("Heard"), yield* next.hears("Heard")]
      assert.deepStrictEqual([textOf(unread), textOf(read)], ["undecryptable", "with the key of the group"])
      yield* unread.taken
      const again = yield* Effect.repeat(next.hears("Heard"), { until: ({ heard }) => heard.waMessageId === id })
      assert.strictEqual(textOf(again), "without it")
      assert.strictEqual(receipts(simulator, id), 0)
      for (const { taken } of [again, read]) yield* taken
      yield* receipt(simulator, id)
    })
  )

  it.live("to more than may wait at a time waits at the server, and comes whole", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired({}, { takes: false })
      const sent = Array.from({ length: 60 }, (_, n) => `text ${n}`)
      for (const text of sent) yield* bobSends(simulator, text)
      const told: Array<string> = []
      for (const _ of sent) {
        const one = yield* hears("Heard")
        told.push(textOf(one))
        yield* one.taken
      }
      assert.deepStrictEqual(told, sent)
    })
  )
})
