import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { fromUtf8, utf8 } from "../Bytes.ts"
import { AgentId, defaultTenant, EventId, MessageId, WaMessageId } from "../Ids.ts"
import { fromMillis, Instant } from "../Instant.ts"
import { reportKinds } from "../message/Status.ts"
import { CommandBus, type Lane } from "../ports/CommandBus.ts"
import { Crypto } from "../ports/Crypto.ts"
import type { Payloads } from "./Payloads.ts"
import { posting, type Unboxed } from "./Posting.ts"
import { AgentCommand, AgentReport, Undecodable } from "./Protocol.ts"
import { Refused, receiving } from "./Receiving.ts"
import { agreement, directionOf, version1, version2, version4, version5, versionOf } from "./Versions.ts"

const at = fromMillis(0)
const agent = AgentId.make("home")
const reports = [EventId.make("0196f3c0-0000-5000-8000-000000000004")]
const message = MessageId.make("0196f3c0-0000-8000-8000-000000000003")

/** In a third version the gateway says who holds what was reported, and an agent calls a claim an outcome. */
const [send, pair, , heartbeat, trust] = AgentCommand.members
const held = Schema.Struct({ kind: Schema.Literal("held"), by: Schema.String, reports: Schema.Array(EventId) })
const Command = Schema.Union([send, pair, held, heartbeat, trust])
const [, device, code, beat] = AgentReport.members
const outcome = Schema.Struct({
  kind: Schema.Literal("outcome"),
  message: MessageId,
  outcome: Schema.Literals(reportKinds),
  at: Instant
})
const Report = Schema.Union([outcome, device, code, beat])

const version3 = version2.next(
  { commands: Command, reports: Report },
  {
    commands: {
      upcast: (before): typeof Command.Type =>
        before.kind === "receipt" ? { kind: "held", by: "the log", reports: before.reports } : before,
      downcast: (after) => (after.kind === "held" ? { kind: "receipt", reports: after.reports } : after)
    },
    reports: {
      upcast: (before): typeof Report.Type =>
        before.kind === "message"
          ? { kind: "outcome", message: before.message, outcome: before.claim, at: before.at }
          : before,
      downcast: (after) =>
        after.kind === "outcome"
          ? { kind: "message", message: after.message, claim: after.outcome, at: after.at }
          : after
    }
  }
)
const acknowledgement = { 2: { kind: "receipt", reports }, 3: { kind: "held", by: "the log", reports } } as const
const report = {
  2: { kind: "message", message, claim: "sent", at },
  3: { kind: "outcome", message, outcome: "sent", at }
} as const

const { key, publicKey } = crypto.signingKey(new Uint8Array(32).fill(1))
const verifying = crypto.verifyingKey(publicKey)
const belonging = { tenant: defaultTenant, epoch: "store:1" }

/** What arrives when one side, that knows `ours`, says something to one that knows `theirs`, in this version. */
const crossing = Effect.fnUntraced(function* <Ours extends object, Theirs extends object>(
  kind: Lane["kind"],
  ours: Payloads<Ours>,
  theirs: Payloads<Theirs>,
  version: number,
  said: Unboxed<Ours>
) {
  const lane: Lane = { kind, agent }
  const carried: Array<Uint8Array> = []
  const bus = Layer.succeed(CommandBus, {
    publish: (_, envelopes) => Effect.sync(() => void carried.push(...envelopes.map(({ bytes }) => bytes))),
    subscribe: () => Stream.never,
    answer: Effect.void
  })
  const ports = Layer.merge(bus, Layer.succeed(Crypto, crypto))
  const { post, write } = yield* Effect.provide(posting(ours), ports)
  const open = yield* Effect.provide(receiving(theirs), ports)
  const cipher = crypto.cipherKey(new Uint8Array(32))
  const regarding = { commandId: "-", attempt: 1, position: 0n, device: "-", subject: "-" }
  const bytes = write(
    { lane, version, keyId: "one", cipher, ...belonging },
    regarding,
    { issuedAt: at, expiresAt: at },
    said
  )
  yield* post(lane, key, [{ id: "one", bytes }], (publishing) => publishing)
  const [answer] = yield* open({ lane, keyOf: () => verifying, ...belonging }, carried)
  return answer instanceof Refused ? answer.reason : answer!.said
})

const agreed = (one: { readonly newest: number }, other: { readonly newest: number }) =>
  agreement({ newest: one.newest, theirs: other.newest }).version()

describe("a third version", () => {
  it.effect("is spoken by two that know it", () =>
    Effect.gen(function* () {
      const version = agreed(version3, version3)
      assert.strictEqual(version, 3)
      const { commands, reports } = version3
      assert.deepStrictEqual(
        yield* crossing("commands", commands, commands, version, acknowledgement[3]),
        acknowledgement[3]
      )
      assert.deepStrictEqual(yield* crossing("reports", reports, reports, version, report[3]), report[3])
    })
  )

  it.effect("leaves a newer gateway and an older agent on speaking terms", () =>
    Effect.gen(function* () {
      const version = agreed(version3, version2)
      assert.strictEqual(version, 2)
      assert.deepStrictEqual(
        yield* crossing("commands", version3.commands, version2.commands, version, acknowledgement[3]),
        acknowledgement[2]
      )
      assert.deepStrictEqual(
        yield* crossing("reports", version2.reports, version3.reports, version, report[2]),
        report[3]
      )
    })
  )

  it.effect("leaves an older gateway and a newer agent on speaking terms", () =>
    Effect.gen(function* () {
      const version = agreed(version2, version3)
      assert.deepStrictEqual(
        yield* crossing("commands", version2.commands, version3.commands, version, acknowledgement[2]),
        acknowledgement[3]
      )
      assert.deepStrictEqual(
        yield* crossing("reports", version3.reports, version2.reports, version, report[3]),
        report[2]
      )
    })
  )

  it.effect("is as far from the first as the second is", () =>
    Effect.gen(function* () {
      const version = agreed(version3, version1)
      assert.deepStrictEqual(
        yield* crossing("commands", version3.commands, version1.commands, version, acknowledgement[3]),
        acknowledgement[2]
      )
      assert.deepStrictEqual(
        yield* crossing("reports", version1.reports, version3.reports, version, report[2]),
        report[3]
      )
    })
  )

  it.effect("is refused by one that does not know it, as what it is", () =>
    Effect.gen(function* () {
      const { commands, reports } = version2
      assert.strictEqual(
        yield* crossing("commands", version3.commands, commands, 3, acknowledgement[3]),
        "unknown_version"
      )
      assert.strictEqual(yield* crossing("reports", version3.reports, reports, 3, report[3]), "unknown_version")
    })
  )

  it("rewrites what was kept in another, byte for byte the same where nothing changed", () => {
    const { reports } = version3
    const kept = { 2: reports.write(2, report[3]), 3: reports.write(3, report[3]) }
    assert.deepStrictEqual(JSON.parse(fromUtf8(reports.rewrite(3, 1, kept[3]))), report[2])
    assert.deepStrictEqual(JSON.parse(fromUtf8(reports.rewrite(2, 3, kept[2]))), report[3])
    assert.strictEqual(reports.rewrite(2, 1, kept[2]), kept[2])
    assert.strictEqual(version2.reports.rewrite(1, 2, kept[2]), kept[2])
    const nonsense = utf8("nonsense")
    assert.strictEqual(reports.rewrite(2, 3, nonsense), nonsense)
  })
})

describe("the second version", () => {
  it("only adds: what a side says in it under the number of the first is understood by whoever knows both", () => {
    const payload = utf8(JSON.stringify({ kind: "heartbeat", at, protocol: 2, revision: 0, refused: 0 }))
    assert.deepStrictEqual(version2.reports.read(1, payload), version2.reports.read(2, payload))
    assert.instanceOf(version1.reports.read(1, payload), Undecodable)
  })
})

describe("a direction", () => {
  it("carries one version of one kind, written in one way", () => {
    for (const kind of ["commands", "reports"] as const) {
      for (const version of [1, 2, 10, 999]) assert.strictEqual(versionOf(kind, directionOf(kind, version)), version)
    }
    assert.strictEqual(directionOf("commands", 1), "homing/command/1")
    assert.strictEqual(directionOf("reports", 2), "homing/report/2")
    const none = ["homing/report/1", "homing/command/", "homing/command/0", "homing/command/01", "homing/command/1000"]
    for (const direction of [...none, "homing/command/1 ", "homing/batch/1", "", "homing/command/-1"]) {
      assert.isUndefined(versionOf("commands", direction), direction)
    }
  })
})

describe("two sides", () => {
  it("agree on the highest that both know, whoever was replaced", () => {
    const { heard, knows, version } = agreement({ newest: 2, theirs: 1 })
    const seen = [version()]
    for (const change of [() => knows(3), () => heard(1), () => heard(2), () => knows(1)]) {
      change()
      seen.push(version())
    }
    assert.deepStrictEqual(seen, [1, 2, 1, 2, 1])
  })
})

describe("the fifth version", () => {
  const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`
  const send = {
    kind: "send",
    message,
    waMessageId: WaMessageId.make("3EB0000000000000000001"),
    box: { iv: "", box: "" }
  } as const
  const told = { kind: "message", message, claim: "sent", at } as const

  it("says where in which trace a message is sent, and what became of it is told", () => {
    const { commands, reports } = version5
    assert.deepStrictEqual(commands.read(5, commands.write(5, { ...send, trace })), { ...send, trace })
    assert.deepStrictEqual(reports.read(5, reports.write(5, { ...told, trace })), { ...told, trace })
    const bytes = utf8(JSON.stringify({ ...send, trace: "a phone number, say" }))
    assert.instanceOf(commands.read(5, bytes), Undecodable)
  })

  it("says nothing of traces to an older side, nor in a report that is told such a one again", () => {
    const { commands, reports } = version5
    assert.strictEqual(fromUtf8(commands.write(4, { ...send, trace })), JSON.stringify(send))
    const kept = reports.write(5, { ...told, trace })
    assert.strictEqual(fromUtf8(reports.rewrite(5, 4, kept)), JSON.stringify(told))
    assert.deepStrictEqual(reports.read(4, version4.reports.write(4, told)), told)
  })
})
