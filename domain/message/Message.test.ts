import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { fold } from "../Decider.ts"
import { fromMillis, Instant } from "../Instant.ts"
import { orderedJson } from "../OrderedJson.ts"
import { alice, answer, at, bob, details, id, sealed } from "../testing/MessageFixture.ts"
import { specification } from "../testing/Specification.ts"
import {
  Message,
  type MessageCommand,
  type MessageEvent,
  MessageRejected,
  type MessageState,
  status
} from "./Message.ts"
import { failureCode, type Report, receipts, reportKinds, type Status } from "./Status.ts"

const { given } = specification(Message)
const decided: MessageEvent = { type: "message.queued", data: details }
const queued: MessageEvent = { ...decided, id }
const queue: MessageCommand = { _tag: "Queue", queued: details }
const own = { _tag: "Record", answer, now: details.expiresAt } as const
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

  it("is stored as the release before stores it, and if that cannot say it, as the next one will", () => {
    const { transport: _, ...same } = details
    const web = Message.read.stored(decided, id)
    assert.strictEqual(web.type, "message.queued.v1")
    assert.deepEqual(web.data, { ...same, transport: "whatsapp-web", waMessageId: "3EB0000000000000000001" })
    assert.isDefined(orderedJson(web.data)) // what is accepted in order stays so
    const data = { ...details, transport: { name: "cloud-api" } } as const
    const cloud = Message.read.stored({ type: "message.queued", data }, id)
    assert.deepEqual([cloud.type, cloud.data], ["message.queued.v2", data])
  })

  it("says of any kind of content, in the version that leaves the kind to others", () => {
    const data = { ...details, content: { body: sealed, kind: "of a newer release" } }
    const stored = Message.read.stored({ type: "message.queued", data }, id)
    assert.deepEqual([stored.type, stored.data], ["message.queued.v2", data])
    assert.deepEqual(Message.read({ ...stored, data: structuredClone(stored.data) }).data, data)
  })

  it("records a report with its evidence, and nothing when it is told again", () => {
    const sent = { ...own, report: { kind: "sent", attempt: 1 }, at, evidence: "bytes" } as const
    const event: MessageEvent = { type: "message.sent", data: { attempt: 1, at, evidence: "bytes" } }
    assert.deepStrictEqual(given(queued).when(sent), [event])
    assert.deepStrictEqual(given(queued, event).when({ ...sent, evidence: "signed again" }), [])
    assert.deepStrictEqual(given().when(sent), new MessageRejected({ reason: "not_queued" }))
    for (const [reason, other] of [
      ["other_command", { command: "0196f3c0-0000-5000-8000-000000000002" }],
      ["other_device", { device: "0196f3c0-0000-7000-8000-000000000002" }],
      ["other_recipient", { subject: bob }], // its receipts count, but it is for alice
      ["other_recipient", { subject: "-" }]
    ] as const) {
      const elsewhere: MessageCommand = { ...sent, answer: { ...answer, ...other } }
      assert.deepStrictEqual(given(queued).when(elsewhere), new MessageRejected({ reason }))
    }
  })

  it("gives up only past the expiry, and only on a message without a verdict", () => {
    const giveUp = (millis: number): MessageCommand => ({ _tag: "GiveUp", at: fromMillis(millis), attempt: 3 })
    const unknown = { type: "message.unknown", data: { attempt: 3, at: fromMillis(1_000), code: "no_report" } }
    const sent: MessageEvent = { type: "message.sent", data: { attempt: 1, at } }
    assert.deepStrictEqual(given(queued).when(giveUp(999)), [])
    assert.deepStrictEqual(given(queued).when(giveUp(1_000)), [unknown] as ReadonlyArray<MessageEvent>)
    assert.deepStrictEqual(given(queued, sent).when(giveUp(1_000)), [])
  })

  it("withholds what cannot be read: failed only if nobody can have issued it, and nothing once an agent spoke", () => {
    const withhold = (issued: boolean): MessageCommand => ({ _tag: "Withhold", at, code: "key_lost", issued })
    const told = { attempt: 1, at, code: "key_lost" }
    assert.deepStrictEqual(given(queued).when(withhold(false)), [{ type: "message.failed", data: told }])
    assert.deepStrictEqual(given(queued).when(withhold(true)), [{ type: "message.unknown", data: told }])
    const attempting: MessageEvent = { type: "message.attempting", data: { attempt: 1, at } }
    for (const issued of [true, false]) {
      assert.deepStrictEqual(given(queued, attempting).when(withhold(issued)), [])
      assert.deepStrictEqual(given(queued, { type: "message.unknown", data: told }).when(withhold(issued)), [])
    }
    assert.deepStrictEqual(given().when(withhold(false)), new MessageRejected({ reason: "not_queued" }))
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
          { kind: "unknown", attempt: 1, code: "interrupted" },
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
    assert.isTrue(history.every((event, i) => (event.type === "message.queued") === (i === 0)))
  })
})

const toldOf = (state: MessageState) => (state._tag === "Nothing" ? [] : [...state.reports.values()])

/**
 * Tells up to `most` of these reports in every order and compares what each order of the same ones ends in. What was told
 * already is no news, so an order with repetitions ends where the same one without them does.
 */
const sameInEveryOrder = (reports: ReadonlyArray<Report>, most: number): number => {
  const commands = reports.map(record)
  const ends = new Map<number, string>()
  let orders = 0
  const tell = (state: MessageState, set: number, length: number): void => {
    orders++
    const now = status(state)
    const end = now === "failed" ? `failed: ${failureCode(toldOf(state))}` : now
    const before = ends.get(set)
    if (before === undefined) {
      ends.set(set, end)
      for (const report of toldOf(state)) assert.isEmpty(Result.getOrThrow(Message.decide(record(report), state)))
    } else if (before !== end) assert.fail(`${before} or ${end}: ${JSON.stringify(toldOf(state))}`)
    if (length === most) return
    for (let i = 0; i < commands.length; i++) {
      if (Math.floor(set / 2 ** i) % 2 === 1) continue
      const [event] = Result.getOrThrow(Message.decide(commands[i]!, state))
      tell(Message.evolve(state, event!), set + 2 ** i, length + 1)
    }
  }
  tell(fold(Message, [queued]), 0, 0)
  return orders
}
/** In how many orders up to `most` of `all` can be told. */
const ordersOf = (all: number, most: number): number => (most === 0 ? 1 : 1 + all * ordersOf(all - 1, most - 1))

describe("status, and the code of a failure,", () => {
  it("is the same for all sequences up to five that hold the same reports", () => {
    const reports = reportKinds.flatMap((kind) =>
      [alice, bob].flatMap((recipient) =>
        (receipts.includes(kind) ? [1] : [1, 2]).map((attempt): Report => {
          const code = (recipient === alice) === (attempt === 1) ? "403" : "463"
          return { kind, attempt, recipient, ...(kind === "failed" && { code }) }
        })
      )
    )
    assert.strictEqual(sameInEveryOrder(reports, 5), ordersOf(26, 5))
  })

  it("is so too for up to four, of everybody or one, of each attempt, with several codes", () => {
    const kinds = reportKinds.filter((kind) => kind !== "played") // a set of them all would not fit into a number
    const reports = kinds.flatMap((kind) =>
      [...(receipts.includes(kind) ? [] : [undefined]), alice, bob].flatMap((recipient) =>
        [1, 2].flatMap((attempt) =>
          (kind === "failed" ? ["403", "463"] : [undefined]).map(
            (code): Report => ({ kind, attempt, ...(recipient && { recipient }), ...(code && { code }) })
          )
        )
      )
    )
    assert.strictEqual(sameInEveryOrder(reports, 4), ordersOf(44, 4))
  })
})
