import { createCipheriv } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { base64url, concat, fromBase64url } from "#domain/Bytes.ts"
import { AgentId, DeviceId, defaultTenant, EventId, InboundId, MessageId, SubjectId, WaMessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import type { GatewayPin } from "#domain/identity/Trust.ts"
import { Heard, Lid } from "#domain/inbound/Heard.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { type CipherKey, Crypto } from "#domain/ports/Crypto.ts"
import type { Payloads } from "#domain/wire/Payloads.ts"
import { type Undecodable, unbox, type WireBox } from "#domain/wire/Protocol.ts"
import { Refused, receiving } from "#domain/wire/Receiving.ts"
import { hearingSince, version5, witnessingSince } from "#domain/wire/Versions.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as LedgerPatience from "#mac-agent/LedgerPatience.ts"
import * as Dialect from "#mac-agent/link/Dialect.ts"
import * as Reporter from "#mac-agent/link/Reporter.ts"
import { Trust } from "#mac-agent/link/Trust.ts"
import { ledgerOf } from "#mac-agent/testing/LedgerFixture.ts"
import { until } from "#mac-agent/testing/Turns.ts"
import { Identity } from "#services/identity/Identity.ts"
import { Provenance } from "#services/runtime/Provenance.ts"
import { AgentsHeard } from "#services/transports/agent-link/AgentsHeard.ts"
import * as AgentCommands from "#services/transports/agent-link/Commands.ts"

/**
 * One batch of each direction in each version, byte for byte as it was first released: whoever was installed then reads
 * these, and writes them. Keys, names and times are fixed; so, here alone, are the nonces.
 */
const released = (name: string) =>
  readFileSync(join(import.meta.dirname, "envelopes", `${name}.txt`), "utf8")
    .trimEnd()
    .split("\n")

const start = Date.parse("2030-01-01T00:00:00.000Z")
const at = fromMillis(start)
const expiresAt = fromMillis(start + 3_600_000)
const seed = (n: number) => new Uint8Array(32).fill(n)
const agent = AgentId.make("home")
const device = DeviceId.make("0196f3c0-0000-7000-8000-000000000001")
const subject = SubjectId.make("A".repeat(43))
const message = MessageId.make("0196f3c0-0000-8000-8000-000000000002")
const waMessageId = WaMessageId.make("3EB0000000000000000001")
const eventOf = (n: number) => EventId.make(`0196f3c0-0000-5000-8000-00000000000${n.toString(16)}`)
const commandKey = crypto.cipherKey(seed(3))
const reportKey = crypto.cipherKey(seed(4))
const bytesOf = new Map<CipherKey, Uint8Array>([
  [commandKey, seed(3)],
  [reportKey, seed(4)]
])

/** Encrypts the same to the same, and makes the same names. */
const withoutChance: Crypto["Service"] = {
  ...crypto,
  random: (bytes) => new Uint8Array(bytes),
  encrypt: (key, plaintext, associated) => {
    const iv = crypto.sha256(associated).subarray(0, 12)
    const cipher = createCipheriv("aes-256-gcm", bytesOf.get(key)!, iv)
    cipher.setAAD(associated)
    const box = concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
    return { iv, box }
  }
}

const scene = Effect.gen(function* () {
  yield* TestClock.setTime(start)
  const published: Array<string> = []
  const bus: CommandBus["Service"] = {
    publish: (_, envelopes) =>
      Effect.sync(() => void published.push(...envelopes.map(({ bytes }) => base64url(bytes)))),
    subscribe: () => Stream.never,
    answer: Effect.void
  }
  return { published, ports: [Layer.succeed(CommandBus, bus), Layer.succeed(Crypto, withoutChance)] as const }
})

const pin: GatewayPin = {
  tenant: defaultTenant,
  agent,
  store: "0196f3c0-0000-7000-8000-000000000009",
  epoch: 1,
  revision: 3,
  protocol: 2,
  gatewayKeys: [{ keyId: "0123456789abcdef", signing: "S".repeat(43), agreement: "A".repeat(43), state: "active" }],
  agentKeys: ["fedcba9876543210"]
}

const note = `homing/a-log\n5\n${"R".repeat(43)}=\n\n— homing/a-log ${"S".repeat(92)}\n`
const cosigned = { kind: "cosigned", size: 5, line: `— homing/a-log/home ${"S".repeat(104)}\n` } as const
const headRefused = { kind: "head_refused", reason: "forked", offered: note, believed: note } as const

const fact = InboundId.make("0196f3c0-0000-8000-8000-000000000003")
const lid = Lid.make("90000000000002")
const heard = Heard.make({
  waMessageId: "3A00000000000000000001",
  chat: { kind: "group", address: "120363000000000001@g.us" },
  sender: { kind: "person", phone: PhoneNumber.make("+15551234567"), lid },
  fromMe: false,
  sentAt: at,
  name: "Ada",
  content: { type: "text", text: "Grüße 😀" }
})
const target = { waMessageId: heard.waMessageId, fromMe: false, sender: heard.sender }
const content = { type: "text", text: "Grüße 😀" } as const
const traceOf = (n: number) => `00-${"a".repeat(32)}-${`${n}`.repeat(16)}-01`
const quote = { target, kind: "text", text: "Grüße 😀" }

const orders = (version: number): [AgentCommands.Order, ...Array<AgentCommands.Order>] => {
  const order = (n: number, command: AgentCommands.Order["command"]): AgentCommands.Order => ({
    commandId: eventOf(n),
    attempt: n,
    position: BigInt(n),
    device: n < 3 ? device : "-",
    subject: n < 2 ? subject : "-",
    expiresAt,
    command
  })
  const to = { kind: "phone", address: "+15551234567" }
  return [
    order(1, {
      kind: "send",
      message,
      waMessageId,
      personal: { to, content: { type: "text", text: "Grüße 😀" } }
    }),
    order(2, { kind: "pair", personal: { method: "qr" } }),
    order(3, { kind: "receipt", reports: [eventOf(1), eventOf(2)] }),
    ...(version < 2
      ? []
      : [order(4, { kind: "heartbeat", asked: eventOf(4), at, protocol: 2 }), order(5, { kind: "trust", pin })]),
    ...(version < 3
      ? []
      : [
          order(6, { kind: "unlink" }),
          order(7, { kind: "reconnect" }),
          order(8, { kind: "read", fact, personal: { chat: heard.chat, target } }),
          order(9, { kind: "send", message, waMessageId, personal: { to, content, quote } })
        ]),
    ...(version < 4 ? [] : [order(10, { kind: "witness", note, from: 3, path: ["P".repeat(43)] })]),
    ...(version < 5
      ? []
      : [order(11, { kind: "send", message, waMessageId, personal: { to, content }, trace: traceOf(1) })])
  ]
}

const commands = Effect.fnUntraced(function* (version: number) {
  const { ports, published } = yield* scene
  const ref = yield* SubscriptionRef.make(true)
  const signer = { keyId: "gateway-1", key: crypto.signingKey(seed(1)).key }
  const identity = {
    epoch: "store:1",
    changes: SubscriptionRef.changes(ref),
    agent: () => ({ agent, commandKey: () => commandKey }),
    signer: () => signer
  }
  const services = yield* Layer.build(
    AgentCommands.layer.pipe(
      Layer.provide([
        ...ports,
        Layer.succeed(Identity, identity as never),
        Layer.succeed(AgentsHeard, { version: () => version } as never),
        Layer.succeed(Provenance, { tenant: defaultTenant } as never)
      ])
    )
  )
  yield* Context.get(services, AgentCommands.AgentCommands).issue(agent, orders(version))
  return published
})

const said = [
  { kind: "message", message, claim: "sent", at },
  { kind: "message", message, claim: "failed", at, recipient: subject, code: "463" },
  { kind: "device", change: "connected", step: 1, at },
  { kind: "device", change: "disconnected", step: 2, at, reason: "connection_lost" }
] as const
const presence = { chat: heard.chat, sender: heard.sender, state: "offline", lastSeenAt: at } as const
const delivered = {
  kind: "message",
  message,
  claim: "delivered",
  at,
  recipient: subject,
  trace: traceOf(2)
} as const
const readMarked = { kind: "read_marked", fact, at } as const
const number = PhoneNumber.make("+15550100009")
const heartbeat = { kind: "heartbeat", at, protocol: 2, revision: 3, refused: 4, offsetMillis: -5 } as const

const reports = Effect.fnUntraced(function* (version: number) {
  const { ports, published } = yield* scene
  const trust = {
    tenant: defaultTenant,
    agent,
    epoch: "store:1",
    protocol: version,
    keyId: "home-1",
    signingKey: crypto.signingKey(seed(2)).key,
    reportKey: () => reportKey
  }
  const services = yield* Layer.build(
    Reporter.layer.pipe(
      Layer.provide([Dialect.layer, LedgerPatience.layer]),
      Layer.provide([...ports, ledgerOf(":memory:"), Layer.succeed(Trust, trust as Trust["Service"])])
    )
  )
  const reporter = Context.get(services, Reporter.Reporter)
  const regarding = { commandId: eventOf(1), attempt: 2, position: 7n, device, subject }
  const traced = version < 5 ? [] : [delivered]
  const kept = version < hearingSince ? said : [...said, readMarked, ...traced]
  reporter.publish(kept.map((report) => reporter.compose(regarding, report)))
  yield* reporter.showCode(regarding, { method: "qr", code: "2@code", expiresAt })
  if (version >= 2) reporter.ask(eventOf(2), heartbeat)
  reporter.tellNumber(regarding, { asOf: 1, number }) // says nothing where there are no words for it
  yield* until("they are published", () => published.length > 0)
  if (version < hearingSince) return published
  const before = published.length
  reporter.tell({ id: eventOf(3), device, at, heard }, () => {})
  yield* until("it is published", () => published.length > before)
  yield* reporter.showPresence(device, { at, presence })
  yield* until("it is published", () => published.length > before + 1)
  if (version < witnessingSince) return published
  for (const told of [cosigned, headRefused]) reporter.tellWitnessed({ commandId: eventOf(10) }, told)
  yield* until("they are published", () => published.length > before + 3)
  return published
})

describe("envelopes are written as they were first released", () => {
  for (const version of [1, 2, 3, 4, 5]) {
    it.effect(`commands in version ${version}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* commands(version), released(`command.${version}`))
      })
    )
    it.effect(`reports in version ${version}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* reports(version), released(`report.${version}`))
      })
    )
  }
})

/** What an envelope of today's says when it has arrived, with what is in its box. */
const readBy = Effect.fnUntraced(function* <Payload>(
  kind: "commands" | "reports",
  payloads: Payloads<Payload>,
  signer: Uint8Array,
  cipher: CipherKey,
  envelopes: ReadonlyArray<string>
) {
  const open = yield* Effect.provideService(receiving(payloads), Crypto, crypto)
  const keyOf = () => crypto.verifyingKey(crypto.signingKey(signer).publicKey)
  const receiver = { lane: { kind, agent }, tenant: defaultTenant, epoch: "store:1", keyOf }
  const answers = yield* open(receiver, envelopes.map(fromBase64url))
  return yield* Effect.forEach(answers, (answer): Effect.Effect<unknown, Undecodable> => {
    if (answer instanceof Refused) return Effect.succeed(answer.reason)
    const said = answer.said as { readonly box?: WireBox }
    if (said.box === undefined) return Effect.succeed(said)
    const personal = unbox(crypto, [cipher], answer.header, said.box, (plain) => plain)
    return Effect.map(personal, (personal) => ({ ...said, box: personal }))
  })
})

describe("envelopes are read as they were first released", () => {
  for (const version of [1, 2, 3, 4, 5]) {
    it.effect(`commands in version ${version}`, () =>
      Effect.gen(function* () {
        const read = yield* readBy("commands", version5.commands, seed(1), commandKey, released(`command.${version}`))
        const said = orders(version).map(({ command }) => {
          if (!("personal" in command)) return command
          const { personal, ...rest } = command
          return { ...rest, box: personal }
        })
        assert.deepStrictEqual(read, said)
      })
    )
    it.effect(`reports in version ${version}`, () =>
      Effect.gen(function* () {
        const read = yield* readBy("reports", version5.reports, seed(2), reportKey, released(`report.${version}`))
        const code = { kind: "pairing_code", method: "qr", expiresAt, box: { code: "2@code" } }
        const told = { kind: "number", asOf: 1, box: { number } }
        const fact = { kind: "heard", at, box: heard }
        const seen = { kind: "presence", at, box: presence }
        const later = [...(version < 2 ? [] : [heartbeat]), ...(version < hearingSince ? [] : [told, fact, seen])]
        const traced = version < 5 ? [] : [delivered]
        const kept = version < hearingSince ? said : [...said, readMarked, ...traced]
        const witnessed = version < witnessingSince ? [] : [cosigned, headRefused]
        assert.deepStrictEqual(read, [...kept, code, ...later, ...witnessed])
      })
    )
  }
})
