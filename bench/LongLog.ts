import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { Array, Context, Effect } from "effect"
import { base64url } from "#domain/Bytes.ts"
import {
  contentDigestOf,
  eventIdOf,
  messageIdOf,
  newCommandId,
  newWaMessageId,
  reportIdOf,
  subjectIdOf
} from "#domain/Identifiers.ts"
import { AgentId, ClientId, DeviceId, type EventId, type MessageId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { Message } from "#domain/message/Message.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Ledger, type LedgerEntry } from "#domain/ports/Ledger.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { seal } from "#domain/privacy/Sealing.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import { encodePayload } from "#domain/testing/EnvelopeFixture.ts"
import { encodeUnsigned, type Header, signBatch } from "#domain/wire/Envelope.ts"
import { directionOf } from "#domain/wire/Versions.ts"
import * as InstantWhatsApp from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { ownKeys } from "#mac-agent/link/OwnKeys.ts"
import { Identity } from "#services/identity/Identity.ts"
import { embedded, together } from "#services/layers/Processes.ts"
import { metadataOf, Provenance } from "#services/runtime/Provenance.ts"
import { listening, optionsOf } from "#services/testing/Composition.ts"

const agent = AgentId.make("home")
const apiKey = "a-key-for-long-logs-only"
const client = ClientId.make("00000000-0000-7000-8000-00000000c11e")
const recipients = 1_000
/** Appended at a time: two reports each leave under one signature. */
const batch = 500
const hour = 3_600_000

const options = optionsOf(apiKey, { region: "local" })

/** A short life of the product itself: who the log is, an enrolled agent, a linked device. */
const begin = (folder: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { services, url } = yield* listening(together(folder, options, InstantWhatsApp.layer))
      const [identity, provenance] = [Context.get(services, Identity), Context.get(services, Provenance)]
      const call = (path: string, body?: object) =>
        Effect.promise(async () => {
          const headers = { "x-api-key": apiKey, "content-type": "application/json" }
          const method = body === undefined ? "GET" : "POST"
          const answer = await fetch(new URL(path, url), {
            method,
            headers,
            ...(body !== undefined && { body: JSON.stringify(body) })
          })
          return (await answer.json()) as { readonly id: string; readonly state: string }
        })
      const { id } = yield* call("/v1/devices", { name: "long log", pairing: "qr" })
      yield* Effect.repeat(call(`/v1/devices/${id}`), { until: ({ state }) => state === "connected" })
      return { device: DeviceId.make(id), epoch: identity.epoch, provenance }
    })
  )

type Begun = Effect.Success<ReturnType<typeof begin>>

interface Planned {
  readonly id: MessageId
  readonly queued: NewEvent
  readonly entry: Omit<LedgerEntry, "position">
  readonly reported: (headers: ReadonlyArray<Uint8Array>) => Array.NonEmptyReadonlyArray<NewEvent>
  readonly unsigned: ReadonlyArray<Uint8Array>
}

const claims = ["sent", "delivered"] as const

/** One message as the product would have written it: accepted, sent and delivered, or `open`: accepted only. */
const planner = Effect.fnUntraced(function* ({ device, epoch, provenance }: Begun) {
  const crypto = yield* Crypto
  const subjectKeys = yield* SubjectKeys
  const [own] = yield* ownKeys(1)
  const { pepper, tenant } = provenance

  const plan = Effect.fnUntraced(function* (n: number) {
    const now = Date.now()
    const at = fromMillis(now)
    const expiresAt = fromMillis(now + 24 * hour)
    const address = `+49151${String(10_000_000 + (n % recipients))}`
    const subject = subjectIdOf(crypto, pepper, tenant, "phone", address)
    const key = yield* subjectKeys.obtain(tenant, subject)
    const id = messageIdOf(crypto, pepper, tenant, client, String(n))
    const command = newCommandId(crypto, now)
    const eventId = eventIdOf(crypto, command, 0)
    const waMessageId = newWaMessageId(crypto)
    const to = { kind: "phone", address }
    const content = { type: "text", text: `Your order ${n} is on its way and will be with you before the evening.` }
    const sealed = (field: string, value: object) =>
      seal(crypto, subject, key, { tenant, event: eventId, field }, JSON.stringify(value))
    const queued: NewEvent = {
      eventId,
      type: "message.queued.v1",
      data: {
        content: { ...{ body: { ...sealed("content", content) } }, kind: "text" },
        contentDigest: contentDigestOf(crypto, pepper, JSON.stringify({ content, device, to })),
        device,
        expiresAt,
        recipient: { address: { ...sealed("recipient", to) }, kind: "phone" },
        recipients: [subject],
        tags: {},
        transport: "whatsapp-web",
        waMessageId
      },
      metadata: metadataOf(
        provenance,
        { actor: { kind: "api_key", id: "long-log" }, correlationId: id, causationId: id },
        command,
        at
      )
    }
    const header: Header = {
      direction: directionOf("reports", 2),
      keyId: own!.public.keyId,
      tenant,
      agent,
      device,
      lane: `homing.reports.${agent}`,
      subject,
      commandId: eventId,
      attempt: "1",
      position: "0",
      epoch,
      issuedAt: at,
      expiresAt
    }
    const unsigned = claims.map((claim) =>
      encodeUnsigned({ header, payload: encodePayload({ kind: "message", message: id, claim, at }) })
    )
    const reported = (envelopes: ReadonlyArray<Uint8Array>) =>
      Array.map(
        claims,
        (claim, i): NewEvent => ({
          eventId: reportIdOf(crypto, eventId, 1, claim) as EventId,
          type: `message.${claim}.v1`,
          data: { at, attempt: 1, evidence: base64url(envelopes[i]!) },
          metadata: metadataOf(
            provenance,
            { actor: { kind: "agent", id: agent }, correlationId: id, causationId: eventId },
            newCommandId(crypto, now),
            at
          )
        })
      )
    const entry = {
      epoch,
      commandId: eventId,
      attempt: 1,
      message: id,
      device,
      subject,
      waMessageId,
      acceptedAt: at,
      expiresAt,
      state: "acked",
      attemptedAt: at,
      to,
      bytes: new TextEncoder().encode(content.text)
    } as Omit<LedgerEntry, "position">
    return { id, queued, entry, reported, unsigned } satisfies Planned
  })
  return { plan, key: own!.signing, crypto }
})

/**
 * A folder as an installation leaves it that has sent so many messages: log, keys and ledger, and no views. The last `open`
 * of them are queued, and neither the ledger nor WhatsApp has heard of them.
 */
export const longLog = (folder: string, messages: number, open = 0) =>
  Effect.gen(function* () {
    const begun = yield* begin(folder)
    yield* Effect.gen(function* () {
      const { crypto, key, plan } = yield* planner(begun)
      const store = yield* EventStore
      const ledger = yield* Ledger
      for (const numbers of Array.chunksOf(Array.range(0, messages - 1), batch)) {
        const planned = yield* Effect.forEach(numbers, plan)
        const envelopes = yield* signBatch(
          crypto,
          key,
          planned.flatMap(({ unsigned }) => unsigned)
        )
        const entries = yield* Effect.forEach(
          planned,
          Effect.fnUntraced(function* ({ entry, id, queued, reported }, i) {
            const stream = Message.streamOf(id)
            const { position } = yield* store.append(stream, "no_stream", [queued])
            if (numbers[i]! >= messages - open) return []
            yield* store.append(stream, 0, reported(envelopes.slice(i * claims.length)))
            return [{ ...entry, position }]
          }),
          { concurrency: "unbounded" }
        )
        const known = entries.flat()
        if (Array.isReadonlyArrayNonEmpty(known)) yield* ledger.accept(known)
      }
    }).pipe(Effect.provide(embedded(folder)))
    for (const file of readdirSync(folder)) if (file.startsWith("views.db")) rmSync(join(folder, file))
    return begun.device
  })
