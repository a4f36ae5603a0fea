import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Fiber } from "effect"
import { reportIdOf } from "#domain/Identifiers.ts"
import { AgentId, MessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { reportKey } from "#domain/message/Status.ts"
import { decodeSigned, signBatch, type Unsigned } from "#domain/wire/Envelope.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import {
  bob,
  connect,
  device,
  gatewayKeys,
  makeGateway,
  numbersOf,
  sendOf,
  start,
  startAgent
} from "#mac-agent/testing/AgentFixture.ts"
import { pass, until } from "#mac-agent/testing/Turns.ts"
import { home, bus as makeBus, startGateway } from "./Apart.ts"
import { bareAgent, changed, claimed, deviceOf, queued, refusedIn } from "./BareAgent.ts"
import { everyBit, forgeries } from "./Forger.ts"
import { eventually, folder } from "./Homing.ts"

/** Of each direction: 25 000, in rounds with a genuine envelope in the middle of each. */
const rounds = 25
const perRound = 1_000
const target = 60_000 // no genuine message has this number

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")
const heapBytes = () => {
  collect()
  return process.memoryUsage().heapUsed
}
const allowedGrowth = 8 * 1024 * 1024

const commandOf = (n: number): Unsigned => decodeSigned(sendOf(target + n))!

describe("forged commands", () => {
  it.effect("none of 25 000 is obeyed, nor one genuine envelope with any bit turned; memory stays flat", () =>
    Effect.gen(function* () {
      const gateway = yield* makeGateway
      const { ledger, refusals, sent } = yield* startAgent(gateway)
      yield* connect(gateway, device)
      const genuine: globalThis.Array<number> = []
      let before = 0
      for (let round = 0; round < rounds; round++) {
        const forged = yield* forgeries(gatewayKeys.key, commandOf, round * perRound, perRound)
        const [good] = yield* signBatch(crypto, gatewayKeys.key, [sendOf(round + 1, { header: { subject: bob } })])
        genuine.push(round + 1)
        const half = forged.length / 2
        yield* Fiber.join(yield* gateway.publish([...forged.slice(0, half), good!, good!, ...forged.slice(half)]))
        yield* until("the genuine one is sent", () => gateway.claims(round + 1)[0] === "sent")
        yield* Fiber.join(yield* gateway.publish([good!])) // and again: a replay
        yield* pass(1)
        if (round === 4) before = heapBytes()
      }
      const growth = heapBytes() - before

      const [whole] = yield* signBatch(crypto, gatewayKeys.key, [sendOf(target)])
      const expired = sendOf(target - 1, { header: { expiresAt: fromMillis(start - 1) } })
      for (const some of Array.chunksOf(everyBit(whole!), 1_000)) yield* Fiber.join(yield* gateway.publish(some))
      yield* Fiber.join(yield* gateway.issue(expired))
      yield* until("it has expired", () => gateway.claims(target - 1)[0] === "expired")
      yield* pass(30)
      assert.deepStrictEqual(numbersOf(sent), genuine)
      assert.deepStrictEqual(yield* ledger.unfinished("store:1"), [])
      yield* Fiber.join(yield* gateway.publish([whole!]))
      yield* until("the same with no bit turned is sent", () => gateway.claims(target)[0] === "sent")

      assert.isBelow(growth, allowedGrowth)
      const kept = yield* refusals.latest(10_001)
      assert.isAtLeast(kept.length, 1_000)
      assert.isAtMost(kept.length, 10_000)
      assert.includeMembers(
        [...new Set(kept.map(({ reason }) => reason))],
        ["bad_signature", "wrong_epoch", "wrong_agent", "wrong_lane", "wrong_tenant", "unknown_key"]
      )
    })
  )
})

/** A gateway, and agents that say what a test wants them to say. */
const scene = Effect.gen(function* () {
  const lane = yield* makeBus
  const gateway = yield* startGateway(yield* folder, lane)
  return { gateway, agent: (name = home) => bareAgent(gateway, lane, name) }
})

describe("forged reports", () => {
  it.live("none of 25 000 is recorded, nor one genuine envelope with any bit turned; memory stays flat", () =>
    Effect.gen(function* () {
      const { agent: bare, gateway } = yield* scene
      const { call } = gateway
      const agent = yield* bare()
      const device = yield* deviceOf(gateway, agent)
      const about = (step: number, change: "paired" | "connected") =>
        agent.report(device.regarding, changed(change, step))
      yield* agent.say(about(0, "paired"), about(1, "connected"))
      yield* eventually(call("GET", `/v1/devices/${device.id}`), ({ body }) => body.state === "connected")
      const queue = (words: string) => queued(gateway, agent, device.id, words)
      type Asked = Effect.Success<ReturnType<typeof queue>>
      const sentReport = ({ id, regarding }: Asked, n = 0) => agent.report(regarding, claimed(id, "sent", n))

      const victim = yield* queue("victim")
      let before = 0
      for (let round = 0; round < rounds; round++) {
        const forged = yield* forgeries(agent.key, (n) => sentReport(victim, n), round * perRound, perRound)
        if (round % 5 > 0) {
          yield* agent.publish(forged)
          continue
        }
        const honest = yield* queue(`honest-${round}`)
        const [good] = yield* agent.sign(sentReport(honest))
        const half = forged.length / 2
        yield* agent.publish([...forged.slice(0, half), good!, ...forged.slice(half), good!])
        yield* eventually(call("GET", `/v1/messages/${honest.id}`), ({ body }) => body.status === "sent")
        const { body } = yield* call("GET", `/v1/messages/${honest.id}/events`)
        assert.lengthOf(body.items, 2)
        if (round === 5) before = heapBytes()
      }
      const growth = heapBytes() - before

      const late = sentReport(victim)
      const over = { ...late, header: { ...late.header, expiresAt: fromMillis(Date.now() - 1) } }
      const [whole] = yield* agent.sign(late)
      const [expired] = yield* agent.sign(over)
      for (const some of Array.chunksOf(everyBit(whole!), 1_000)) yield* agent.publish(some)
      yield* agent.publish([expired!])
      const history = call("GET", `/v1/messages/${victim.id}/events`)
      assert.lengthOf((yield* history).body.items, 1)
      yield* agent.publish([whole!])
      yield* eventually(history, ({ body }) => body.items.length === 2)
      assert.isBelow(growth, allowedGrowth)
      assert.isAtLeast(yield* refusedIn(gateway, ""), rounds * perRound)
    })
  )

  it.live("an agent has no say in another's devices, codes and messages, though it knows all that is signed", () =>
    Effect.gen(function* () {
      const { agent: bare, gateway } = yield* scene
      const { call } = gateway
      const agent = yield* bare()
      const office = yield* bare(AgentId.make("office"))
      const before = yield* refusedIn(gateway, "other_agent")
      const refused = (count: number) => eventually(refusedIn(gateway, "other_agent"), (now) => now === before + count)
      const device = yield* deviceOf(gateway, agent)
      const shown = Effect.map(call("GET", `/v1/devices/${device.id}`), ({ body }) => [body.state, body.qr])

      yield* agent.say(agent.showing(device.regarding, "its own"))
      yield* eventually(shown, ([, qr]) => qr === "its own")
      yield* office.say(
        office.showing(device.regarding, "another's"),
        office.report(device.regarding, changed("paired", 0))
      )
      yield* refused(2)
      assert.deepStrictEqual(yield* shown, ["pairing", "its own"])

      const linked = [changed("paired", 0), changed("connected", 1)]
      yield* agent.say(...linked.map((change) => agent.report(device.regarding, change)))
      yield* eventually(shown, ([state]) => state === "connected")
      const message = yield* queued(gateway, agent, device.id, "hello")
      yield* office.say(
        office.report(device.regarding, changed("logged_out", 2)),
        office.report(message.regarding, claimed(message.id, "sent")),
        office.report(message.regarding, claimed(message.id, "read"))
      )
      yield* refused(5)
      const history = call("GET", `/v1/messages/${message.id}/events`)
      assert.deepStrictEqual(yield* shown, ["connected", undefined])
      assert.lengthOf((yield* history).body.items, 1)

      const other = yield* queued(gateway, agent, device.id, "another")
      yield* agent.say(agent.report(other.regarding, claimed(message.id, "sent")))
      yield* eventually(refusedIn(gateway, "other_command"), (count) => count > 0)
      assert.lengthOf((yield* history).body.items, 1)
      yield* agent.say(agent.report(message.regarding, claimed(message.id, "sent")))
      yield* eventually(history, ({ body }) => body.items.length === 2)
    })
  )

  it.live("what is refused for good is acknowledged: its sender need not say it again", () =>
    Effect.gen(function* () {
      const { agent: bare, gateway } = yield* scene
      const [agent, office] = [yield* bare(), yield* bare(AgentId.make("office"))]
      const device = yield* deviceOf(gateway, agent)
      const nobody = MessageId.make("00000000-0000-8000-8000-000000000001")
      const refused = [
        { teller: agent, report: claimed(nobody, "sent"), step: reportKey({ kind: "sent", attempt: 1 }) },
        { teller: office, report: changed("logged_out", 0), step: "logged_out 0" }
      ]
      for (const { report, step, teller } of refused) {
        const id = reportIdOf(crypto, device.regarding.commandId, 1, step)
        yield* teller.say(teller.report(device.regarding, report))
        yield* teller.told(({ command }) => command.kind === "receipt" && command.reports.includes(id))
      }
      yield* agent.say(agent.report({ ...device.regarding, device: "-" }, changed("paired", 0)))
      const id = reportIdOf(crypto, device.regarding.commandId, 1, "paired 0")
      yield* agent.told(({ command }) => command.kind === "receipt" && command.reports.includes(id))
    })
  )
})
