import { assert, describe, it } from "@effect/vitest"
import { Array, Result, Schema } from "effect"
import { fold } from "../Decider.ts"
import { DeviceId, EventId, SubjectId, WaMessageId } from "../Ids.ts"
import { fromMillis, Instant } from "../Instant.ts"
import { specification } from "../Specification.ts"
import {
  Message,
  type MessageCommand,
  type MessageEvent,
  MessageRejected,
  type MessageState,
  type Queued,
  status
} from "./Message.ts"
import { type Report, reportKinds, type Status } from "./Status.ts"

const { given } = specification(Message)
const at = fromMillis(0)
const alice = SubjectId.make("A".repeat(43))
const bob = SubjectId.make("B".repeat(43))
const sealed = { subject: alice, key: "1", iv: "aaaa", box: "bbbb" }
const details: Queued = {
  device: DeviceId.make("0196f3c0-0000-7000-8000-000000000001"),
  recipient: { kind: "phone", address: sealed },
  recipients: [alice, bob],
  content: { kind: "text", body: sealed },
  contentDigest: "d1",
  waMessageId: WaMessageId.make("3EB0000000000000000001"),
  transport: "whatsapp-web",
  expiresAt: fromMillis(1_000),
  tags: {}
}
const id = EventId.make("0196f3c0-0000-5000-8000-000000000001")
const decided: MessageEvent = { type: "message.queued.v1", data: details }
const queued: MessageEvent = { ...decided, id }
const queue: MessageCommand = { _tag: "Queue", queued: details }
const own = { _tag: "Record", device: details.device, answers: id } as const
const record = (report: Report): MessageCommand => ({ ...own, report, at })

/** What a stream holds after these commands were tried in order. */
const run = (commands: ReadonlyArray<MessageCommand>) => {
  const history: Array<MessageEvent> = []
  for (const command of commands) {
    const decision = Message.decide(command, fold(Message, history))
    if (Result.isSuccess(decision)) history.push(...decision.success.map((event) => ({ ...event, id })))
  }
  return history
}
const statusAfter = (...reports: ReadonlyArray<Report>) => status(fold(Message, run([queue, ...reports.map(record)])))

const AnyReport = Schema.Struct({
  kind: Schema.Literals(reportKinds),
  attempt: Schema.Literals([1, 2, 3]),
  recipient: Schema.Literals([alice, bob]),
  code: Schema.Literals(["403", "463"])
})
const AnyCommand = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("Queue"), digest: Schema.Literals(["d1", "d2"]) }),
  Schema.Struct({ _tag: Schema.Literal("Record"), report: AnyReport, at: Schema.Literals([at]) }),
  Schema.Struct({ _tag: Schema.Literal("GiveUp"), attempt: Schema.Literals([1, 2]), late: Schema.Boolean })
])
const command = (any: typeof AnyCommand.Type): MessageCommand => {
  if (any._tag === "Queue") return { _tag: "Queue", queued: { ...details, contentDigest: any.digest } }
  if (any._tag === "GiveUp") return { _tag: "GiveUp", attempt: any.attempt, at: fromMillis(any.late ? 2_000 : 0) }
  return { ...own, report: any.report, at: Instant.make(any.at) }
}

describe("Message", () => {
  it("queues once; the same content again is a repeat, other content is refused", () => {
    assert.deepStrictEqual(given().when(queue), [decided])
    assert.deepStrictEqual(given(queued).when(queue), [])
    const other: MessageCommand = { _tag: "Queue", queued: { ...details, contentDigest: "d2" } }
    assert.deepStrictEqual(given(queued).when(other), new MessageRejected({ reason: "other_content" }))
  })

  it("records a report with its evidence, and nothing when it is told again", () => {
    const sent = { ...own, report: { kind: "sent", attempt: 1 }, at, evidence: "bytes" } as const
    const event: MessageEvent = { type: "message.sent.v1", data: { attempt: 1, at, evidence: "bytes" } }
    assert.deepStrictEqual(given(queued).when(sent), [event])
    assert.deepStrictEqual(given(queued, event).when({ ...sent, evidence: "signed again" }), [])
    assert.deepStrictEqual(given().when(sent), new MessageRejected({ reason: "not_queued" }))
    const elsewhere: MessageCommand = { ...sent, device: DeviceId.make("0196f3c0-0000-7000-8000-000000000002") }
    assert.deepStrictEqual(given(queued).when(elsewhere), new MessageRejected({ reason: "other_device" }))
    const another: MessageCommand = { ...sent, answers: EventId.make("0196f3c0-0000-5000-8000-000000000002") }
    assert.deepStrictEqual(given(queued).when(another), new MessageRejected({ reason: "other_command" }))
  })

  it("gives up only past the expiry, and only on a message without a verdict", () => {
    const giveUp = (millis: number): MessageCommand => ({ _tag: "GiveUp", at: fromMillis(millis), attempt: 3 })
    const unknown = { type: "message.unknown.v1", data: { attempt: 3, at: fromMillis(1_000), code: "no_report" } }
    const sent: MessageEvent = { type: "message.sent.v1", data: { attempt: 1, at } }
    assert.deepStrictEqual(given(queued).when(giveUp(999)), [])
    assert.deepStrictEqual(given(queued).when(giveUp(1_000)), [unknown] as ReadonlyArray<MessageEvent>)
    assert.deepStrictEqual(given(queued, sent).when(giveUp(1_000)), [])
  })

  it("shows the recorded truth", () => {
    const cases: ReadonlyArray<readonly [Status, ReadonlyArray<Report>]> = [
      ["queued", []],
      ["attempting", [{ kind: "attempting", attempt: 1 }]],
      ["sent", [{ kind: "sent", attempt: 1 }]],
      [
        "failed",
        [
          { kind: "sent", attempt: 1 },
          { kind: "failed", attempt: 1, code: "1" }
        ]
      ],
      [
        "sent",
        [
          { kind: "failed", attempt: 1, code: "1" },
          { kind: "sent", attempt: 2 }
        ]
      ],
      [
        "sent",
        [
          { kind: "unknown", attempt: 1, code: "ack_timeout" },
          { kind: "sent", attempt: 1 }
        ]
      ],
      [
        "expired",
        [
          { kind: "unknown", attempt: 1, code: "no_report" },
          { kind: "expired", attempt: 1 }
        ]
      ],
      [
        "delivered",
        [alice, bob].flatMap((recipient) => [
          { kind: "failed", attempt: 2, code: "1", recipient } as const,
          { kind: "delivered", attempt: 1, recipient } as const
        ])
      ],
      [
        "sent",
        [
          { kind: "sent", attempt: 1 },
          { kind: "read", attempt: 1, recipient: alice }
        ]
      ], // bob only has the ack
      [
        "delivered",
        [
          { kind: "read", attempt: 1, recipient: alice },
          { kind: "delivered", attempt: 1, recipient: bob }
        ]
      ]
    ]
    for (const [expected, reports] of cases) assert.strictEqual(statusAfter(...reports), expected)
  })

  it.prop(
    "is idempotent: a command that was just accepted yields nothing when repeated",
    [Schema.Array(AnyCommand), AnyCommand],
    ([past, any]) => {
      const history = run(past.map(command))
      const once = Message.decide(command(any), fold(Message, history))
      if (Result.isFailure(once)) return
      const again = Message.decide(command(any), fold(Message, [...history, ...once.success]))
      assert.deepStrictEqual(again, Result.succeed([]))
    }
  )

  it.prop("starts with one queued event and never holds a second", [Schema.Array(AnyCommand)], ([commands]) => {
    const history = run(commands.map(command))
    assert.isTrue(history.every((event, i) => (event.type === "message.queued.v1") === (i === 0)))
  })
})

describe("status", () => {
  it("is the same for all sequences up to five that hold the same reports", { timeout: 120_000 }, () => {
    const alphabet: ReadonlyArray<Report> = reportKinds.flatMap((kind) =>
      [alice, bob].flatMap((recipient) =>
        (["delivered", "read", "played"].includes(kind) ? [1] : [1, 2]).map((attempt) => ({ kind, attempt, recipient }))
      )
    )
    const commands = alphabet.map(record)
    const seen = new Map<number, Status>()
    let sequences = 0
    const extend = (state: MessageState, set: number, length: number): void => {
      sequences++
      const now = status(state)
      const before = seen.get(set)
      if (before === undefined) seen.set(set, now)
      else if (before !== now) assert.fail(`${before} or ${now} for the set ${set.toString(2)}`)
      if (length === 5) return
      for (let i = 0; i < commands.length; i++) {
        const decision = Result.getOrThrow(Message.decide(commands[i]!, state))
        const next = Array.isReadonlyArrayNonEmpty(decision) ? Message.evolve(state, decision[0]) : state
        extend(next, set | (1 << i), length + 1)
      }
    }
    extend(fold(Message, [queued]), 0, 0)
    assert.strictEqual(sequences, 1 + 26 + 26 ** 2 + 26 ** 3 + 26 ** 4 + 26 ** 5)
  })
})
