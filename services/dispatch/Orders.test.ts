import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { DeviceId, defaultTenant, EventId, MessageId, SubjectId } from "#domain/Ids.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { seal } from "#domain/privacy/Sealing.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as SqliteSubjectKeys from "#infra/subject-keys/Sqlite.ts"
import * as Fixture from "../testing/ViewsFixture.ts"
import { deviceOf, isQueued, orders } from "./Orders.ts"

const { crypto } = NodeCrypto
const [tenant, subject] = [defaultTenant, SubjectId.make("A".repeat(43))]
const [message, device] = [MessageId.make(Fixture.uuid(1)), DeviceId.make(Fixture.home)]
const event = EventId.make(Fixture.uuid(9))

const secret = () => Effect.succeed(Redacted.make(new Uint8Array(32)))
const setting = SqliteSubjectKeys.layer(":memory:").pipe(
  Layer.provide([NodeCrypto.layer, Layer.succeed(SecretVault, { obtain: secret, find: secret })])
)

/** Seals as whoever records does; a log gives back another object. */
const sealing = Effect.map(
  Effect.flatMap(SubjectKeys, (keys) => keys.obtain(tenant, subject)),
  (key) =>
    (field: string, plaintext: string, of: EventId = event) =>
      structuredClone(seal(crypto, subject, key, { tenant, event: of, field }, plaintext))
)
const derive = (recorded: RecordedEvent, attempt = 1) =>
  Effect.flatMap(SubjectKeys, (keys) => orders(crypto, keys)(recorded, attempt))

const withData = (recorded: RecordedEvent, data: object): RecordedEvent => ({
  ...recorded,
  eventId: event,
  data: { ...recorded.data, ...data }
})
const queuedWith = (address: Sealed, body: Sealed) =>
  withData(Fixture.queued(1, 42n, device), {
    recipient: { address, kind: "phone" },
    recipients: [subject],
    content: { body, kind: "text" },
    expiresAt: "2030-01-01T00:00:00.000Z"
  })
const createdWith = (pairing: object) => withData(Fixture.deviceCreated(device, 42n, "home"), { pairing })

const to = { kind: "phone", address: "+60123456789" }
const content = { type: "text", text: "on its way" }

describe("an order", () => {
  it.effect(
    "to send says what was queued, under the id of its event, and who it is for in the clear to its maker",
    () =>
      Effect.gen(function* () {
        const sealed = yield* sealing
        const queued = queuedWith(sealed("recipient", JSON.stringify(to)), sealed("content", JSON.stringify(content)))
        assert.deepStrictEqual<unknown>(yield* derive(queued, 3), {
          kind: "send",
          transport: "whatsapp-web",
          via: { name: "whatsapp-web", messageId: "3EB0000000000000000001" },
          commandId: event,
          attempt: 3,
          position: 42n,
          device,
          subject,
          expiresAt: "2030-01-01T00:00:00.000Z",
          message,
          to,
          content
        })
      }).pipe(Effect.provide(setting))
  )

  it.effect("to pair holds for a week, and has the number that was given for a code", () =>
    Effect.gen(function* () {
      const sealed = yield* sealing
      const pairing = { method: "code", phone: sealed("phone", "+60123456789") }
      const byCode = createdWith(pairing)
      const paired = yield* derive(byCode, 2)
      assert.deepStrictEqual<unknown>(paired, {
        kind: "link",
        transport: "whatsapp-web",
        via: { transport: "whatsapp-web", agent: "home", pairing },
        commandId: event,
        attempt: 2,
        position: 42n,
        device,
        expiresAt: "1970-01-08T00:00:00.000Z",
        phone: "+60123456789"
      })
      const byQr = yield* derive(createdWith({ method: "qr" }))
      assert.deepInclude(byQr, { kind: "link", phone: undefined })
    }).pipe(Effect.provide(setting))
  )

  it.effect("follows from no other event: nor from one out of its place, or of a newer release", () =>
    Effect.gen(function* () {
      const [queued, created] = [Fixture.queued(1, 1n, device), Fixture.deviceCreated(device, 1n)]
      const others = [
        Fixture.reported(1, 1, 2n, "sent"),
        Fixture.deviceChanged(device, 1, 2n, "paired"),
        { ...queued, revision: 1 },
        { ...created, revision: 1 },
        { ...queued, type: "message.queued.v99" },
        { ...created, type: "device.created.v99" }
      ]
      for (const other of others) {
        assert.isUndefined(yield* derive(other), other.type)
        assert.isUndefined(deviceOf(other))
        assert.isFalse(isQueued(other))
      }
      assert.deepStrictEqual([isQueued(queued), isQueued(created)], [true, false])
      assert.deepStrictEqual([deviceOf(queued), deviceOf(created)], [device, device])
    }).pipe(Effect.provide(setting))
  )

  it.effect("is not made of what was erased, whose key is lost, or that is not what was written there", () =>
    Effect.gen(function* () {
      const sealed = yield* sealing
      const [address, body] = [sealed("recipient", JSON.stringify(to)), sealed("content", JSON.stringify(content))]
      const reasonOf = (...boxes: readonly [Sealed, Sealed]) =>
        Effect.map(Effect.flip(derive(queuedWith(...boxes))), (problem) =>
          problem._tag === "Unreadable" ? problem.reason : problem._tag
        )
      const elsewhere = sealed("content", JSON.stringify(content), EventId.make(Fixture.uuid(8)))
      assert.strictEqual(yield* reasonOf(body, address), "damaged") // each is bound to its field
      assert.strictEqual(yield* reasonOf(address, elsewhere), "damaged") // and to its event
      assert.strictEqual(yield* reasonOf(address, { ...body, box: "AAAA" }), "damaged")
      assert.strictEqual(yield* reasonOf({ ...address, key: "another" }, body), "damaged") // the key is there
      const nobody = SubjectId.make("B".repeat(43))
      assert.strictEqual(yield* reasonOf({ ...address, subject: nobody }, body), "damaged") // and whose it is stands beside
      const lost = { version: "another", key: crypto.cipherKey(new Uint8Array(32).fill(7)) }
      const unread = seal(crypto, subject, lost, { tenant, event, field: "recipient" }, JSON.stringify(to))
      assert.strictEqual(yield* reasonOf(structuredClone(unread), body), "key_lost")
      const number = sealed("phone", "+60123456789", EventId.make(Fixture.uuid(8)))
      const moved = yield* Effect.flip(derive(createdWith({ method: "code", phone: number })))
      assert.deepInclude(moved, { _tag: "Unreadable", reason: "damaged" })
      yield* Effect.flatMap(SubjectKeys, (keys) => keys.destroy(tenant, subject))
      assert.strictEqual(yield* reasonOf(address, body), "erased")
    }).pipe(Effect.provide(setting))
  )

  it.effect("waits while the keys cannot be asked: that says nothing of what they hold", () =>
    Effect.gen(function* () {
      const keys = Context.get(yield* Layer.build(setting), SubjectKeys)
      const sealed = yield* Effect.provideService(sealing, SubjectKeys, keys)
      const away = { ...keys, find: () => Effect.fail(new SubjectKeysUnavailable({ cause: "away" })) }
      const queued = queuedWith(sealed("recipient", JSON.stringify(to)), sealed("content", JSON.stringify(content)))
      const problem = yield* Effect.flip(Effect.provideService(derive(queued), SubjectKeys, away))
      assert.strictEqual(problem._tag, "SubjectKeysUnavailable")
    })
  )
})
