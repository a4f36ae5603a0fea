import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { proto } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { eventually } from "#domain/testing/Eventually.ts"
import type { Simulator } from "../simulator/Simulator.ts"
import { agent, bob, carol, own, paired, type Told, world } from "./testing/BaileysFixture.ts"

type Memories = Parameters<Simulator["remember"]>[0]
const past = { from: bob, to: own } as const
const long = 1_600_000_000

/** What Bob said before, the second after the first and so on. */
const texts = (count: number, from = 0): Memories["messages"] =>
  Array.from({ length: count }, (_, n) => ({ ...past, text: `text ${from + n}`, at: long + from + n }))

/** How often a history was said to have come. */
const received = ({ record }: Simulator) =>
  record.observations.filter(({ detail, kind }) => kind === "client-receipt" && detail === "hist_sync").length
const saidOf = ({ heard: { content } }: Told) => {
  if (content.type === "group" || content.type === "call") return content.event
  return content.type === "text" ? content.text : content.type
}

/** A phone with a past, to which a device is about to be linked. */
const remembering = Effect.fnUntraced(function* (
  chunks: ReadonlyArray<Omit<Memories, "of">>,
  { faults = {}, ...settings }: Parameters<typeof agent>[1] & { readonly faults?: Partial<Simulator["faults"]> } = {}
) {
  const made = yield* world({ contacts: [bob, carol], faults })
  for (const chunk of chunks) yield* Effect.promise(() => made.simulator.remember({ of: own, ...chunk }))
  const running = yield* agent(made, settings)
  yield* running.pair
  const hear = (count: number) => Effect.replicateEffect(running.hears("Heard"), count)
  return { ...made, ...running, hear, world: made }
})

describe("what a phone remembers", () => {
  it.live("is told as history, of each chat the oldest first, with who they are by both their names", () =>
    Effect.gen(function* () {
      const messages: Memories["messages"] = [
        ...texts(3),
        { from: own, to: own, chat: bob, text: "an answer", at: long + 3 },
        { ...past, kind: "stub", stub: "CALL_MISSED_VIDEO", at: long + 4 },
        { from: carol, to: own, text: "from carol", at: long }
      ]
      const { hear } = yield* remembering([{ messages }, { chunk: "recent", messages: texts(1, 9) }])
      const told = yield* hear(7)
      const ofBob = told.filter(({ heard: { chat } }) => chat.kind === "person" && chat.phone === `+${bob}`)
      assert.deepStrictEqual(ofBob.map(saidOf), ["text 0", "text 1", "text 2", "an answer", "missed", "text 9"])
      for (const { heard } of told) {
        assert.isTrue(heard.isHistory)
        assert.isDefined(heard.chat.kind === "person" && heard.chat.lid)
      }
      const [first, answer] = [ofBob[0]!.heard, ofBob[3]!.heard]
      assert.deepStrictEqual([first.fromMe, answer.fromMe], [false, true])
      assert.strictEqual<string | undefined>(answer.sender.phone, `+${own}`)
      assert.strictEqual<string | undefined>(first.sentAt, "2020-09-13T12:26:40.000Z")
      assert.isDefined(first.name)
    })
  )

  it.live("of a group is who said it, and what became of the group", () =>
    Effect.gen(function* () {
      const made = yield* world({ contacts: [bob, carol] })
      const group = made.simulator.changeGroup({ by: bob, subject: "the house", add: [own] })
      yield* Effect.promise(() =>
        made.simulator.remember({
          of: own,
          messages: [
            { ...past, kind: "stub", stub: "GROUP_CHANGE_SUBJECT", parameters: ["us"], group, at: long },
            { ...past, text: "in the house", group, at: long + 1 }
          ]
        })
      )
      const running = yield* agent(made)
      yield* running.pair
      const [stub, text] = [yield* running.hears("Heard"), yield* running.hears("Heard")]
      assert.deepInclude(stub.heard.content, { type: "group", event: "subject_changed", text: "us" })
      assert.strictEqual(saidOf(text), "in the house")
      for (const { heard } of [stub, text]) {
        assert.deepInclude(heard.chat as object, { kind: "group", address: group })
        assert.strictEqual<string | undefined>(heard.sender.phone, `+${bob}`)
      }
    })
  )

  it.live("is not acknowledged before somebody holds all of it, and is offered again to the next life", () =>
    Effect.gen(function* () {
      const { hears, simulator, stop, world } = yield* paired({}, { takes: false })
      const arrived = (count: number) =>
        eventually(
          Effect.sync(() => received(simulator)),
          (times) => times === count
        )
      yield* arrived(1) // that there is nothing
      yield* Effect.promise(() => simulator.remember({ of: own, chunk: "recent", messages: texts(200) }))
      const first = yield* Effect.replicateEffect(hears("Heard"), 128)
      for (const { taken } of first) yield* taken
      const second = yield* Effect.replicateEffect(hears("Heard"), 72)
      for (const { taken } of second.slice(1)) yield* taken
      yield* Effect.sleep(100)
      assert.strictEqual(received(simulator), 1)
      yield* stop
      const next = yield* agent(world)
      yield* next.openDevice()
      const again = yield* Effect.replicateEffect(next.hears("Heard"), 200)
      assert.deepStrictEqual(
        again.map(({ heard }) => heard),
        [...first, ...second].map(({ heard }) => heard)
      )
      yield* arrived(2)
    })
  )

  it.live("has the secrets of polls, so that a vote that comes now says what is chosen", () =>
    Effect.gen(function* () {
      const poll = { ...past, kind: "poll", name: "When?", options: ["now", "later"], waMessageId: "POLL" } as const
      const { hear, simulator } = yield* remembering([{ messages: [{ ...poll, at: long }] }])
      assert.deepStrictEqual((yield* hear(1)).map(saidOf), ["poll"])
      const vote = { ...past, kind: "vote", of: "POLL", options: ["later"] } as const
      yield* Effect.promise(() => simulator.sendIncoming(vote))
      const [told] = yield* hear(1)
      const { content } = told!.heard
      const later = createHash("sha256").update("later").digest("base64url")
      assert.deepStrictEqual(content.type === "vote" && content.chosen, [later])
    })
  )

  it.live("opens what was said of it in secret before it came", () =>
    Effect.gen(function* () {
      const poll = { ...past, kind: "poll", name: "When?", options: ["now", "later"], waMessageId: "POLL" } as const
      const lately = { ...past, text: "helo", waMessageId: "HELO", at: Math.floor(Date.now() / 1_000) - 60 } as const
      const faults = { historyUploaded: true, fileStatus: 503 }
      const messages = [{ ...poll, at: long }, lately]
      const { hears, simulator } = yield* remembering([{ messages }], { faults })
      const say = (said: object) => Effect.promise(() => simulator.sendIncoming({ ...past, ...said } as never))
      const ids = [
        yield* say({ kind: "vote", of: "POLL", options: ["later"] }),
        yield* say({ kind: "edit", of: "HELO", text: "hello", encrypted: true }),
        yield* say({ kind: "reaction", of: "HELO", text: "👍", encrypted: true })
      ]
      const sealed = yield* Effect.replicateEffect(hears("Heard"), 3)
      assert.deepStrictEqual(sealed.map(saidOf), ["vote", "other", "other"])
      simulator.faults.fileStatus = null
      const told = yield* Effect.replicateEffect(hears("Heard"), 5)
      const [remembered, opened] = [true, undefined].map((isHistory) =>
        told.map(({ heard }) => heard).filter((heard) => heard.isHistory === isHistory)
      )
      assert.deepStrictEqual(remembered!.map(({ waMessageId }) => waMessageId).toSorted(), ["HELO", "POLL"])
      assert.sameMembers(
        opened!.map(({ waMessageId }) => waMessageId),
        ids
      )
      const of = (id: string) => opened!.find(({ waMessageId }) => waMessageId === id)!
      const later = createHash("sha256").update("later").digest("base64url")
      assert.deepInclude(of(ids[0]!).content as object, { chosen: [later] })
      assert.deepInclude(of(ids[1]!).content as object, { type: "edit", content: { type: "text", text: "hello" } })
      assert.deepInclude(of(ids[2]!).content as object, { type: "reaction", emoji: "👍" })
    })
  )

  it.live("does not hold up what is said now", () =>
    Effect.gen(function* () {
      const { hear, hears, simulator } = yield* remembering([{ messages: texts(5) }], { takes: false })
      const some = yield* hear(5)
      const id = yield* Effect.promise(() => simulator.sendIncoming({ ...past, text: "now" }))
      const now = yield* hears("Heard")
      assert.deepInclude(now.heard as object, { waMessageId: id })
      assert.isUndefined(now.heard.isHistory)
      yield* now.taken
      yield* Effect.promise(() =>
        simulator.record.until((seen) => seen.kind === "client-receipt" && seen.waMessageId === id)
      )
      assert.strictEqual(received(simulator), 0)
      for (const { taken } of some) yield* taken
    })
  )

  it.live("is fetched where it was uploaded, and what else it holds is known without fetching it once more", () =>
    Effect.gen(function* () {
      const made = yield* world({ faults: { historyUploaded: true } })
      yield* Effect.promise(() => made.simulator.setTimer({ ...past, seconds: 86_400 }))
      yield* Effect.promise(() => made.simulator.remember({ of: own, messages: texts(3) }))
      const { encode, hears, pair } = yield* agent(made)
      yield* pair
      const told = yield* Effect.replicateEffect(hears("Heard"), 3)
      assert.deepStrictEqual(told.map(saidOf), ["text 0", "text 1", "text 2"])
      yield* eventually(
        Effect.map(encode(bob), (bytes) => proto.Message.decode(bytes).extendedTextMessage?.contextInfo?.expiration),
        (seconds) => seconds === 86_400
      )
    })
  )

  it.live.each([410, 400, 416])("is given up where it is gone (%d), and holds up nothing", (fileStatus) =>
    Effect.gen(function* () {
      const faults = { historyUploaded: true, fileStatus }
      const { hear, simulator } = yield* remembering([{ messages: texts(3) }], { faults })
      yield* eventually(
        Effect.sync(() => received(simulator)),
        (count) => count > 0
      )
      yield* Effect.promise(() => simulator.sendIncoming({ ...past, text: "now" }))
      assert.deepStrictEqual((yield* hear(1)).map(saidOf), ["now"])
    })
  )

  it.live("is as much as was asked for", () =>
    Effect.gen(function* () {
      const chunks: ReadonlyArray<Omit<Memories, "of">> = [
        { messages: texts(1) },
        { chunk: "full", messages: texts(1, 1) }
      ]
      for (const [history, count] of [
        ["off", 0],
        ["recent", 1],
        ["full", 2]
      ] as const) {
        const { hear, simulator } = yield* remembering(chunks, { history })
        yield* eventually(
          Effect.sync(() => received(simulator)),
          (times) => times === 2
        )
        yield* Effect.promise(() => simulator.sendIncoming({ ...past, text: "now" }))
        const told = yield* hear(count + 1)
        assert.deepStrictEqual(told.map(saidOf), [...["text 0", "text 1"].slice(0, count), "now"], history)
      }
    })
  )

  it.live("of what was said since the device is linked is news", () =>
    Effect.gen(function* () {
      const { hears, simulator } = yield* paired()
      const messages: Memories["messages"] = [
        { ...past, text: "late" },
        { ...past, text: "long ago", at: long }
      ]
      yield* Effect.promise(() => simulator.remember({ of: own, chunk: "recent", messages }))
      const told = [yield* hears("Heard"), yield* hears("Heard")]
      assert.deepStrictEqual(
        told.map((one) => [saidOf(one), one.heard.isHistory]),
        [
          ["long ago", true],
          ["late", undefined]
        ]
      )
    })
  )
})
