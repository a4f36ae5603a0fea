import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Fiber, Schema, Stream } from "effect"
import { base64url, fromBase64url } from "#domain/Bytes.ts"
import { DeviceId, defaultTenant } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { CommandBus, type Lane, type Outgoing, subjectOf } from "#domain/ports/CommandBus.ts"
import {
  decodeSigned,
  EnvelopeRefused,
  encodeUnsigned,
  type Header,
  signBatch,
  type Unsigned,
  verifyBatch
} from "#domain/wire/Envelope.ts"
import { keyIdOf } from "#domain/wire/Keys.ts"
import { AgentCommand, encodePayload, payloadReader } from "#domain/wire/Protocol.ts"
import { epochOf, GatewayPin } from "#domain/wire/Trust.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import {
  bob,
  connect,
  device,
  gatewayKeys,
  makeGateway,
  messageOf,
  numbersOf,
  pass,
  sendOf,
  start,
  startAgent,
  until
} from "#mac-agent/AgentFixture.ts"
import { home, bus as makeBus, startGateway } from "./Apart.ts"
import { everyBit, forgeries } from "./Forger.ts"
import { eventually, folder, text } from "./Homing.ts"

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
  it.effect(
    "none of 25 000 is obeyed, nor one genuine envelope with any bit turned; memory stays flat",
    () =>
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
      }),
    120_000
  )
})

const decodePin = Schema.decodeUnknownSync(GatewayPin)
const readCommand = payloadReader(AgentCommand)

/** A gateway, and an agent that is nothing but its keys: it says what the test wants it to say. */
const scene = Effect.gen(function* () {
  const lane = yield* makeBus
  const bus = yield* Effect.provide(CommandBus, lane)
  const gateway = yield* startGateway(yield* folder, lane)
  const signing = crypto.signingKey(crypto.random(32))
  const agreement = crypto.agreementKey(crypto.random(32))
  const keyId = keyIdOf(crypto, signing.publicKey)
  const { body } = yield* gateway.call("POST", "/v1/agents", {
    agent: home,
    keyId,
    signing: base64url(signing.publicKey),
    agreement: base64url(agreement.publicKey),
    protocol: 1
  })
  const pin = decodePin(body)
  const commands: globalThis.Array<Header & { readonly message: string | undefined }> = []
  const gatewayKey = crypto.verifyingKey(fromBase64url(pin.gatewayKeys[0]!.signing))
  yield* bus.subscribe({ kind: "commands", agent: home }).pipe(
    Stream.runForEach(({ acknowledge, bytes }) =>
      Effect.gen(function* () {
        const [answer] = yield* verifyBatch(crypto, () => gatewayKey, [bytes])
        if (answer !== undefined && !(answer instanceof EnvelopeRefused)) {
          const command = yield* readCommand(answer.payload)
          commands.push({ ...answer.header, message: command.kind === "send" ? command.message : undefined })
        }
        yield* acknowledge
      })
    ),
    Effect.orDie,
    Effect.forkScoped({ startImmediately: true })
  )
  const lanes = { kind: "reports", agent: home } as const
  const headerOf = (over: Partial<Header>): Header => ({
    direction: "homing/report/1",
    keyId,
    tenant: defaultTenant,
    agent: home,
    device: "-",
    lane: subjectOf(lanes),
    subject: "-",
    commandId: "-",
    attempt: "1",
    position: "1",
    epoch: epochOf(pin),
    issuedAt: fromMillis(Date.now()),
    expiresAt: fromMillis(Date.now() + 3_600_000),
    ...over
  })
  let published = 0
  const publish = (to: Lane, envelopes: ReadonlyArray<Uint8Array>) =>
    bus.publish(
      to,
      envelopes.map((bytes): Outgoing => ({ id: `forged ${++published}`, bytes })) as [Outgoing, ...Outgoing[]]
    )
  return { gateway, key: signing.key, commands, headerOf, publish, reports: lanes }
})

describe("forged reports", () => {
  it.live(
    "none of 25 000 is recorded, nor one genuine envelope with any bit turned; memory stays flat",
    () =>
      Effect.gen(function* () {
        const { commands, gateway, headerOf, key, publish, reports } = yield* scene
        const { call } = gateway
        const { body: made } = yield* call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
        const paired = yield* eventually(
          Effect.sync(() => commands.find(({ device }) => device === made.id)),
          (command) => command !== undefined
        )
        const told = (change: string, step: number) =>
          encodeUnsigned({
            header: headerOf({ device: made.id, commandId: paired!.commandId, attempt: "1" }),
            payload: encodePayload({ kind: "device", change: change as "paired", step, at: fromMillis(Date.now()) })
          })
        yield* publish(reports, yield* signBatch(crypto, key, [told("paired", 0), told("connected", 1)]))
        yield* eventually(call("GET", `/v1/devices/${made.id}`), ({ body }) => body.state === "connected")

        const queue = Effect.fnUntraced(function* (words: string) {
          const { body } = yield* call("POST", "/v1/messages", text(made.id, words, { until: "sent", timeoutMs: 0 }), {
            "idempotency-key": words
          })
          yield* eventually(
            Effect.sync(() => commands.find(({ message }) => message === body.id)),
            (command) => command !== undefined
          )
          return { id: body.id as string, command: commands.find(({ message }) => message === body.id)! }
        })
        const sentReport = ({ command, id }: Effect.Success<ReturnType<typeof queue>>, n = 0): Unsigned => ({
          header: headerOf({
            device: DeviceId.make(made.id),
            subject: command.subject,
            commandId: command.commandId,
            position: command.position,
            attempt: "1"
          }),
          payload: encodePayload({
            kind: "message",
            message: messageOf(0).replace(/.*/, id) as ReturnType<typeof messageOf>,
            claim: "sent",
            at: fromMillis(Date.now() + n)
          })
        })

        const victim = yield* queue("victim")
        let before = 0
        for (let round = 0; round < rounds; round++) {
          const forged = yield* forgeries(key, (n) => sentReport(victim, n), round * perRound, perRound)
          if (round % 5 > 0) {
            yield* publish(reports, forged)
            continue
          }
          const honest = yield* queue(`honest-${round}`)
          const [good] = yield* signBatch(crypto, key, [encodeUnsigned(sentReport(honest))])
          const half = forged.length / 2
          yield* publish(reports, [...forged.slice(0, half), good!, ...forged.slice(half), good!])
          yield* eventually(call("GET", `/v1/messages/${honest.id}`), ({ body }) => body.status === "sent")
          const { body } = yield* call("GET", `/v1/messages/${honest.id}/events`)
          assert.lengthOf(body.items, 2)
          if (round === 5) before = heapBytes()
        }
        const growth = heapBytes() - before

        const genuine = encodeUnsigned(sentReport(victim))
        const late = sentReport(victim)
        const over = { ...late, header: { ...late.header, expiresAt: fromMillis(Date.now() - 1) } }
        const [whole, expired] = yield* Effect.forEach([genuine, encodeUnsigned(over)], (signed) =>
          Effect.map(signBatch(crypto, key, [signed]), ([one]) => one!)
        )
        for (const some of Array.chunksOf(everyBit(whole!), 1_000)) yield* publish(reports, some)
        yield* publish(reports, [expired!])
        const history = call("GET", `/v1/messages/${victim.id}/events`)
        assert.lengthOf((yield* history).body.items, 1)
        yield* publish(reports, [whole!])
        yield* eventually(history, ({ body }) => body.items.length === 2)
        assert.isBelow(growth, allowedGrowth)
        const { body: metrics } = yield* call("GET", "/metrics")
        const refused = [...String(metrics.text).matchAll(/^homing_reports_refused_total\S* (\d+)/gm)]
        assert.isAtLeast(
          refused.reduce((sum, [, n]) => sum + Number(n), 0),
          rounds * perRound
        )
      }),
    120_000
  )
})
