import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fromBase64url } from "#domain/Bytes.ts"
import { Device } from "#domain/device/Device.ts"
import { reportIdOf } from "#domain/Identifiers.ts"
import { DeviceId, SubjectId } from "#domain/Ids.ts"
import { verifyBatch } from "#domain/wire/Envelope.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import {
  at,
  changeOf,
  claimOf,
  codeOf,
  commandOf,
  device,
  foreign,
  headerOf,
  home,
  lostKey,
  messageOf,
  numberOf,
  office,
  olderReportKey,
  own,
  refusals,
  reporting,
  reportKey
} from "../../testing/ReportingFixture.ts"
import { uuid } from "../../testing/ViewsFixture.ts"

const subject = SubjectId.make("s".repeat(43))

describe("a report about a message", () => {
  it.live("is an event under the report's id, with the signed bytes, of the agent who said it", () =>
    Effect.gen(function* () {
      const { queue, acknowledged, recorded, tell } = yield* reporting()
      yield* queue(1)
      yield* tell(claimOf(1, "sent"), headerOf(1, { attempt: "3" }))
      const [event, ...more] = yield* recorded("message", messageOf(1))
      const id = reportIdOf(crypto, commandOf(1), 3, "sent 3  ")
      assert.deepStrictEqual([event!.eventId, acknowledged(), more], [id, [id], []])
      assert.strictEqual(event!.type, "message.sent.v1")
      const { evidence, ...data } = event!.data
      assert.deepStrictEqual(data, { at, attempt: 3 })
      const { actor, causationId, correlationId } = event!.metadata
      assert.deepStrictEqual(
        [actor, causationId, correlationId],
        [{ kind: "agent", id: home }, commandOf(1), messageOf(1)]
      )
      const [verified] = yield* verifyBatch(crypto, () => crypto.verifyingKey(own.publicKey), [
        fromBase64url(evidence as string)
      ])
      assert.deepInclude(verified, { header: headerOf(1, { attempt: "3" }) })
    })
  )

  it.live("says whose device has it, and why it failed", () =>
    Effect.gen(function* () {
      const { queue, recorded, tell } = yield* reporting()
      yield* queue(1)
      yield* tell(claimOf(1, "failed", { code: "463" }), headerOf(1))
      yield* tell(claimOf(1, "read", { recipient: subject }), headerOf(1))
      const [failed, read] = yield* recorded("message", messageOf(1))
      assert.strictEqual(failed?.data.code, "463")
      assert.strictEqual(read?.data.recipient, subject)
    })
  )

  it.live("is recorded once, however often it comes, and acknowledged each time", () =>
    Effect.gen(function* () {
      const { queue, acknowledged, recorded, tell } = yield* reporting()
      yield* queue(1)
      for (let n = 0; n < 3; n++) yield* tell(claimOf(1, "sent"), headerOf(1))
      assert.lengthOf(yield* recorded("message", messageOf(1)), 1)
      assert.strictEqual(acknowledged().length, 3)
      assert.strictEqual(new Set(acknowledged()).size, 1)
    })
  )
})

describe("a report about a device", () => {
  it.live("is an event of it; what links the device takes its code down", () =>
    Effect.gen(function* () {
      const { codes, acknowledged, recorded, tell } = yield* reporting()
      const header = headerOf(0)
      yield* tell(codeOf(header, reportKey), header)
      assert.isDefined(yield* codes.current(device))
      const told = [
        changeOf("disconnected", 0),
        changeOf("paired", 1),
        changeOf("logged_out", 2, { reason: "logged_out" })
      ]
      for (const one of told) {
        yield* tell(one, header)
        assert.strictEqual((yield* codes.current(device)) === undefined, one.step >= 1)
      }
      const events = yield* recorded("device", device)
      assert.deepStrictEqual(
        events.map(({ data: { reason, step }, type }) => [type, step, reason]),
        [
          ["device.disconnected.v1", 0, "unspecified"],
          ["device.paired.v1", 1, undefined],
          ["device.logged_out.v1", 2, "logged_out"]
        ]
      )
      const ids = told.map(({ change, step }) => reportIdOf(crypto, commandOf(0), 1, `${change} ${step}`))
      assert.deepStrictEqual([events.map(({ eventId }) => eventId), acknowledged()], [ids, ids])
    })
  )
})

describe("a code to pair with", () => {
  it.live("is shown, never recorded, and needs no acknowledgement", () =>
    Effect.gen(function* () {
      for (const key of [reportKey, olderReportKey]) {
        const { codes, acknowledged, recorded, tell } = yield* reporting()
        const header = headerOf(0)
        yield* tell(codeOf(header, key), header)
        assert.deepInclude(yield* codes.current(device), { method: "qr", code: "2@code" })
        assert.deepStrictEqual([yield* recorded("device", device), acknowledged()], [[], []])
      }
    })
  )

  it.live("that cannot be opened is refused: its key is lost, it was made for another envelope, it is damaged", () =>
    Effect.gen(function* () {
      const { codes, tell } = yield* reporting()
      const header = headerOf(0)
      const before = refusals("undecodable")
      const damaged = codeOf(header, reportKey)
      for (const code of [
        codeOf(header, lostKey),
        codeOf(headerOf(0, { attempt: "2" }), reportKey),
        { ...damaged, box: { ...damaged.box, box: damaged.box.box.slice(4) } }
      ]) {
        yield* tell(code, header)
      }
      assert.strictEqual(refusals("undecodable") - before, 3)
      assert.isUndefined(yield* codes.current(device))
    })
  )
})

describe("the number of an account", () => {
  it.live(
    "is an event of its device, sealed under the number, without what the agent signed; told again, no other",
    () =>
      Effect.gen(function* () {
        const { acknowledged, personal, recorded, tell } = yield* reporting()
        const header = headerOf(0)
        yield* tell(changeOf("paired", 0), header)
        for (const asOf of [1, 1, 3]) {
          yield* tell(changeOf("connected", asOf), header)
          yield* tell(numberOf(header, reportKey, "+15550100009", asOf), header)
        }
        const told = (yield* recorded("device", device)).filter(({ type }) => type === "device.number_linked.v1")
        assert.lengthOf(told, 1)
        const { data, eventId, metadata } = told[0]!
        assert.deepStrictEqual(
          [eventId, metadata.actor],
          [reportIdOf(crypto, commandOf(0), 1, "number 1"), { kind: "agent", id: home }]
        )
        assert.sameMembers(Object.keys(data), ["asOf", "number"])
        assert.notInclude(JSON.stringify(told[0]!.data), "15550100009")
        const place = { tenant: metadata.tenant, event: eventId, field: "number" }
        const subject = personal.subjectOf("phone", "+15550100009")
        const whose = { stream: Device.streamOf(device), subject }
        assert.strictEqual(yield* personal.reveal(data.number as never, place, whose), "+15550100009")
        assert.strictEqual((data.number as { subject: string }).subject, subject)
        assert.lengthOf(
          acknowledged().filter((id) => id === eventId),
          2
        )
        yield* tell(changeOf("connected", 5), header)
        yield* tell(numberOf(header, reportKey, "+15550100010", 5), header)
        assert.strictEqual((yield* recorded("device", device)).at(-1)?.type, "device.number_linked.v1")
      })
  )

  it.live("that is none, or cannot be opened, is refused, and acknowledged", () =>
    Effect.gen(function* () {
      const { acknowledged, recorded, tell } = yield* reporting()
      const header = headerOf(0)
      const before = refusals("undecodable")
      for (const [key, number] of [
        [lostKey, "+15550100009"],
        [reportKey, "15550100009"],
        [reportKey, "Ada"]
      ] as const) {
        yield* tell(numberOf(header, key, number, 1), header)
      }
      assert.deepStrictEqual([refusals("undecodable") - before, yield* recorded("device", device)], [3, []])
      assert.lengthOf(acknowledged(), 3)
    })
  )
})

describe("an agent is heard", () => {
  it.live("about its own devices: whose they are stands in the log, whatever is known here", () =>
    Effect.gen(function* () {
      const known = { agent: office }
      for (const [registry, mine, theirs] of [
        [new Map(), device, foreign],
        [new Map([[device, known]]), undefined, device]
      ] as const) {
        const { codes, queue, recorded, tell } = yield* reporting(registry as never)
        const [other, uncreated] = [refusals("other_agent"), refusals("not_created")]
        const strange = DeviceId.make(uuid(103))
        for (const [n, of] of [theirs, strange].entries()) {
          const header = headerOf(n + 1, { device: of })
          yield* queue(n + 1, of)
          for (const report of [
            claimOf(n + 1, "sent"),
            changeOf("paired", 0),
            codeOf(header, reportKey),
            numberOf(header, reportKey, "+15550100009", 0)
          ]) {
            yield* tell(report, header)
          }
          assert.deepStrictEqual(yield* recorded("message", messageOf(n + 1)), [])
          assert.deepStrictEqual(yield* recorded("device", of), [])
          assert.isUndefined(yield* codes.current(of))
        }
        assert.deepStrictEqual([refusals("other_agent") - other, refusals("not_created") - uncreated], [4, 4])
        if (mine !== undefined) yield* tell(changeOf("paired", 0), headerOf(0, { device: mine }))
        assert.lengthOf(yield* recorded("device", device), mine === undefined ? 0 : 1)
      }
    })
  )

  it.live(
    "about a message of the device it names, in answer to the command that asked for it, and acknowledged else too",
    () =>
      Effect.gen(function* () {
        const { queue, acknowledged, recorded, tell } = yield* reporting()
        yield* queue(1)
        yield* queue(2, foreign)
        for (const [reason, header, n] of [
          ["other_command", headerOf(3), 1],
          ["other_device", headerOf(2), 2],
          ["not_queued", headerOf(4), 4]
        ] as const) {
          const [before, given] = [refusals(reason), acknowledged().length]
          yield* tell(claimOf(n, "failed", { code: "463" }), header)
          assert.deepStrictEqual([refusals(reason) - before, acknowledged().length - given], [1, 1], reason)
          assert.deepStrictEqual(yield* recorded("message", messageOf(n)), [])
        }
      })
  )

  it.live("about nothing that is no device", () =>
    Effect.gen(function* () {
      const { queue, recorded, tell } = yield* reporting()
      yield* queue(1)
      const before = refusals("undecodable")
      for (const name of ["-", "device", `${device}x`]) {
        yield* tell(claimOf(1, "sent"), headerOf(1, { device: name }))
      }
      assert.strictEqual(refusals("undecodable") - before, 3)
      assert.deepStrictEqual(yield* recorded("message", messageOf(1)), [])
    })
  )
})
