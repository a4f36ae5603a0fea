import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { eventually, folder } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

const account = "15550100001"
const [friend, other] = ["15550100002", "15550100003"]
const key = "a key for these tests"

interface Fact {
  readonly waMessageId: string
  readonly kind: string
  readonly isHistory: boolean
  readonly isConflicting: boolean
}

/** What the log has, in its order. */
const factsIn = (path: string): ReadonlyArray<Fact> => {
  const log = new DatabaseSync(join(path, "log.db"), { readOnly: true })
  const rows = log.prepare("SELECT data FROM events WHERE type = 'inbound.received.v1' ORDER BY position").all()
  log.close()
  return rows.map(({ data }) => {
    const { conflicting, content, isHistory, waMessageId } = JSON.parse(data as string)
    return {
      waMessageId,
      kind: content.kind,
      isHistory: isHistory === true,
      isConflicting: conflicting === true
    }
  })
}

/** A gateway over a simulated WhatsApp, with an account that is about to be linked. */
const beginning = Effect.gen(function* () {
  const cwd = yield* folder
  const whatsapp = yield* simulator(cwd)
  const env = { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, API_KEY: key }
  const begin = started({ cwd, env }, key)
  return { begin, cwd, facts: Effect.sync(() => factsIn(join(cwd, "data"))), ...whatsapp, whatsapp }
})

it.live("calls, groups and what a phone remembers are told to whoever follows, each as what it is", () =>
  Effect.gen(function* () {
    const { begin, control, whatsapp } = yield* beginning
    const past = { from: friend, to: account, text: "long ago", at: 1_600_000_000, waMessageId: "PAST" }
    yield* control("history", { of: account, messages: [past] })
    const gateway = yield* begin
    const { body } = yield* eventually(gateway.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    yield* scan(gateway, whatsapp, body.items[0].id, account)
    yield* eventually(gateway.call("GET", `/v1/devices/${body.items[0].id}`), ({ body }) => body.state === "connected")
    const { group } = yield* control("group", { by: friend, subject: "the house", add: [account] })
    yield* control("incoming", { kind: "call", from: friend, to: account, callId: "C1", state: "offer", video: true })
    yield* control("incoming", { kind: "call", from: friend, to: account, callId: "C1", state: "timeout" })
    yield* control("group", { group, by: friend, add: [other] })

    const types = ["call", "group", "history"].map((kind) => `homing.inbound.${kind}.v1`)
    const told = yield* eventually(
      gateway.call("GET", `/v1/events?types=${types}`),
      ({ body }) => body.items?.length === 5
    )
    const of = (type: string) =>
      told.body.items.flatMap((event: { type: string; data: unknown }) =>
        event.type === `homing.inbound.${type}.v1` ? [event.data] : []
      )
    const [offered, missed] = of("call")
    assert.deepStrictEqual(offered.content, { type: "call", call: "C1", event: "offered", isVideo: true })
    assert.deepInclude(missed.content, { event: "missed" })
    assert.strictEqual(offered.sender.phone, `+${friend}`)
    const [created, added] = of("group")
    assert.deepInclude(created.content, { event: "created", text: "the house" })
    assert.strictEqual(added.content.people[0].phone, `+${other}`)
    assert.deepInclude(added.chat, { address: group, name: "the house" })

    yield* control("group", { group, by: friend, subject: "our house" })
    yield* control("incoming", { from: other, to: account, group, text: "hello" })
    const isRenamed = ({ name }: { readonly name?: string }) => name === "our house"
    const chats = yield* eventually(gateway.call("GET", "/v1/chats"), ({ body }) => body.items?.some(isRenamed))
    const house = chats.body.items.find(isRenamed)
    assert.deepInclude(house, { kind: "group", address: group })
    assert.deepStrictEqual((yield* gateway.call("GET", `/v1/chats/${house.id}`)).body, house)
    const said = yield* eventually(
      gateway.call("GET", "/v1/events?types=homing.inbound.message.v1"),
      ({ body }) => body.items?.length === 1
    )
    assert.deepInclude(said.body.items[0].data.chat, { kind: "group", name: "our house" })
    const [remembered] = of("history")
    assert.deepInclude(remembered, { waMessageId: "PAST", isHistory: true, kind: "text" })
    assert.strictEqual(remembered.content.text, "long ago")
  })
)

/** Ends a hang: what the gateway did not answer is told again after 15 seconds, then 30. */
const patience = Schedule.max([Schedule.spaced("500 millis"), Schedule.recurs(120)])

it.live("nothing of them is lost or doubled when it is killed again and again in the midst of them", () =>
  Effect.gen(function* () {
    const { begin, control, facts, whatsapp } = yield* beginning
    let running = yield* begin
    const { body } = yield* eventually(running.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    yield* scan(running, whatsapp, body.items[0].id, account)
    yield* eventually(running.call("GET", `/v1/devices/${body.items[0].id}`), ({ body }) => body.state === "connected")

    const remembered: Array<string> = []
    const calls: Array<string> = []
    let changes = 1
    const { group } = yield* control("group", { by: friend, subject: "the house", add: [account] })
    const logins = Effect.map(control("counts"), (counts) => Number(counts.login ?? 0))
    for (let round = 0; round < 2; round++) {
      const messages = Array.from({ length: 300 }, (_, n) => {
        const waMessageId = `PAST-${round}-${n}`
        remembered.push(waMessageId)
        return {
          from: `155501002${10 + (n % 30)}`,
          to: account,
          text: waMessageId,
          at: 1_600_000_000 + n,
          waMessageId
        }
      })
      yield* control("history", { of: account, chunk: "recent", messages })
      for (let n = 0; n < 10; n++) {
        const callId = `C-${round}-${n}`
        calls.push(`${callId}.offered`)
        yield* control("incoming", { kind: "call", from: friend, to: account, callId, state: "offer" })
        changes += 1
        yield* control("group", { group, by: friend, subject: `${round} ${n}` })
        if (n === 2 + 3 * round) yield* running.process.end("SIGKILL")
      }
      const before = yield* logins
      running = yield* begin
      yield* eventually(logins, (count) => count > before)
    }
    const judge = Effect.map(facts, (heard) => {
      const ids = (kind: string) => heard.flatMap((fact) => (fact.kind === kind ? [fact.waMessageId] : []))
      const known = new Set(heard.map(({ waMessageId }) => waMessageId))
      return {
        lost: [...remembered, ...calls].filter((id) => !known.has(id)).length + changes - new Set(ids("group")).size,
        doubled: heard.length - known.size,
        conflicting: heard.filter(({ isConflicting }) => isConflicting).length,
        notAsWhatItIs: heard.filter(({ isHistory, kind }) => isHistory !== (kind === "text")).length,
        callsInOrder: ids("call").join() === calls.filter((id) => known.has(id)).join()
      }
    })
    const verdict = yield* Effect.repeat(judge, { until: ({ lost }) => lost === 0, schedule: patience })
    assert.deepStrictEqual(verdict, { lost: 0, doubled: 0, conflicting: 0, notAsWhatItIs: 0, callsInOrder: true })
  })
)
