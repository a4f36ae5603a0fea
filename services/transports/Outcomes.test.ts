import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { DeviceId, defaultTenant, EventId, MessageId } from "#domain/Ids.ts"
import { Message } from "#domain/message/Message.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Sqlite from "#infra/event-store/sqlite/Sqlite.ts"
import * as MessageActors from "../messages/MessageActors.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { at, home, queued, sealed, uuid } from "../testing/ViewsFixture.ts"
import * as Outcomes from "./Outcomes.ts"

const layer = Outcomes.layer.pipe(
  Layer.provide(MessageActors.layer),
  Layer.provideMerge(Sqlite.layer(":memory:")),
  Layer.provide(
    Layer.succeed(Provenance, {
      tenant: defaultTenant,
      region: "home",
      producer: "test",
      pepper: NodeCrypto.crypto.macKey(new Uint8Array(32))
    })
  ),
  Layer.provide(NodeCrypto.layer)
)

it.effect("records what is said of a message once, with who said it of which order", () =>
  Effect.gen(function* () {
    const { nameOf, record } = yield* Outcomes.Outcomes
    const store = yield* EventStore
    const answers = EventId.make(uuid(2))
    const { data, metadata, stream, type } = queued(1, 0n, home)
    yield* store.append(stream, "no_stream", [{ eventId: answers, type, data, metadata }])
    const message = MessageId.make(uuid(1))
    const report = { kind: "sent", attempt: 1 } as const
    const id = nameOf(answers, report)
    const source = {
      id,
      actor: { kind: "agent", id: "home" },
      device: DeviceId.make(home),
      answers,
      subject: sealed.subject,
      at
    } as const
    yield* record(message, report, { ...source, evidence: "bytes" })
    yield* record(message, report, source)
    const { reason } = (yield* Effect.flip(
      record(message, { ...report, attempt: 2 }, { ...source, device: DeviceId.make(uuid(8)) })
    )) as { readonly reason: string }
    assert.strictEqual(reason, "other_device")
    const [, sent, ...more] = yield* store.read(stream)
    assert.lengthOf(more, 0)
    assert.deepStrictEqual(Message.read(sent!), {
      type: "message.sent",
      data: { at, attempt: 1, evidence: "bytes" },
      id
    })
    const { actor, causationId, correlationId } = sent!.metadata
    assert.deepStrictEqual([actor, causationId, correlationId], [source.actor, answers, message])
  }).pipe(Effect.provide(layer))
)
