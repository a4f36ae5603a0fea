import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import type { Created } from "#domain/device/Device.ts"
import { ApiKeyId, ClientId, DeviceId, defaultTenant } from "#domain/Ids.ts"
import { Message } from "#domain/message/Message.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as SqliteClient from "#infra/sqlite/SqliteClient.ts"
import { Roster } from "../access/Roster.ts"
import * as MessagesApi from "../api/MessagesApi.ts"
import { DeviceRegistry } from "../devices/DeviceRegistry.ts"
import type { DeviceRecord } from "../devices/DevicesRows.ts"
import { Personal } from "../privacy/Personal.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { home } from "../testing/ViewsFixture.ts"
import { Readiness } from "../views/Readiness.ts"
import { Views } from "../views/Views.ts"
import * as MessageActors from "./MessageActors.ts"
import { messageJson } from "./MessageJson.ts"
import { Messages } from "./Messages.ts"
import * as MessagesLive from "./MessagesLive.ts"
import { QueueDepth } from "./QueueDepth.ts"
import * as Waits from "./Waits.ts"

const key = { version: "1", key: crypto.cipherKey(new Uint8Array(32)) }
const device = DeviceId.make(home)
const surroundings = Layer.mergeAll(MessageActors.layer, Waits.layer).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Sqlite.layer(":memory:"),
      SqliteClient.layer(":memory:", { durability: "checkpoint" }),
      NodeCrypto.layer,
      Layer.succeed(SubjectKeys, { obtain: () => Effect.succeed(key), find: () => Effect.succeed(key.key) } as never),
      Layer.succeed(Views, { position: Effect.succeed(undefined) } as never),
      Layer.succeed(Readiness, { lag: () => undefined } as never),
      Layer.succeed(Provenance, {
        tenant: defaultTenant,
        region: "home",
        producer: "test",
        pepper: crypto.macKey(new Uint8Array(32))
      })
    )
  )
)

/** What is stored and shown of a message that is accepted for a device of this transport. */
const accepted = (transport: Created["via"]["transport"]) =>
  Effect.gen(function* () {
    const messages = yield* Messages
    const { document } = yield* messages.send(
      { client: ClientId.make(home), key: ApiKeyId.make("test") },
      {
        idempotencyKey: transport,
        device,
        to: { kind: "phone", address: PhoneNumber.make("+15550100002") },
        content: { type: "text", text: "hello" },
        confirm: { until: "sent", timeoutMs: 0 },
        expiresInSeconds: 60,
        tags: {}
      }
    )
    const [stored] = yield* (yield* EventStore).read(Message.streamOf(document.id))
    return { shown: messageJson(document, false), stored: stored! }
  }).pipe(
    Effect.provide(
      MessagesLive.layer({ perDevice: 1, total: 1, waits: 1 }).pipe(
        Layer.provide([
          Layer.succeed(DeviceRegistry, new Map([[device, { transport, paired: true } as DeviceRecord]])),
          Layer.succeed(Roster, { clients: new Map(), keys: new Map() }),
          Layer.succeed(QueueDepth, { total: () => 0, of: () => 0 } as never),
          Personal.layer
        ]),
        Layer.provideMerge(surroundings)
      )
    )
  )
const isShown = Schema.is(MessagesApi.Message)

it.effect("a message by WhatsApp Web is stored as ever, and has its id at once", () =>
  Effect.gen(function* () {
    const { shown, stored } = yield* accepted("whatsapp-web")
    assert.deepStrictEqual([stored.type, stored.data.transport], ["message.queued.v1", "whatsapp-web"])
    assert.match(shown.waMessageId!, /^3EB0[0-9A-F]{18}$/)
    assert.strictEqual(shown.waMessageId, stored.data.waMessageId as string)
    assert.isTrue(isShown(shown))
  })
)

it.effect("a message for a device of another transport goes by that one, and is shown without an id", () =>
  Effect.gen(function* () {
    const { shown, stored } = yield* accepted("cloud-api")
    assert.deepEqual([stored.type, stored.data.transport], ["message.queued.v2", { name: "cloud-api" }])
    assert.notProperty(stored.data, "waMessageId")
    assert.notProperty(shown, "waMessageId")
    assert.isTrue(isShown(shown))
  })
)
