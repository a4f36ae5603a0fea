import { Effect, Redacted } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { base64url, hex, utf8 } from "../Bytes.ts"
import type { History, SigningKey, ToldEvent } from "../evidence/Evidence.ts"
import { fromMillis } from "../Instant.ts"
import { encodeUnsigned, type Header, signBatch } from "../wire/Envelope.ts"
import { ownKey } from "../wire/Keys.ts"

/** Histories as the API tells them, the same ones in every run. */

const begun = Date.parse("2030-01-01T00:00:00.000Z")
export const own = ownKey(crypto, Redacted.make(seed("signing")), Redacted.make(seed("agreement")))
export const agentKey: SigningKey = { agent: "home", keyId: own.public.keyId, signing: own.public.signing }
export const stranger = ownKey(crypto, Redacted.make(seed("stranger")), Redacted.make(seed("agreement")))
export const strangerKey: SigningKey = {
  agent: "office",
  keyId: stranger.public.keyId,
  signing: stranger.public.signing
}

function seed(name: string): Uint8Array {
  return crypto.sha256(utf8(name))
}
const uuid = (name: string, version: number) => {
  const digits = hex(seed(name))
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${version}${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}

const courses: ReadonlyArray<ReadonlyArray<string>> = [
  ["sent"],
  ["sent", "delivered"],
  ["sent", "delivered", "read"],
  ["attempting", "sent", "delivered", "read", "played"],
  ["attempting", "unknown", "sent"],
  ["failed"],
  ["expired"]
]

export interface Planned {
  readonly header: Header
  readonly said: Readonly<Record<string, unknown>>
}

/** What an agent would say of the `n`th message, one report after the other. */
export const plannedOf = (n: number, changed: (planned: Planned, i: number) => Planned = (planned) => planned) => {
  const recipient = base64url(seed(`recipient ${n}`))
  const message = uuid(`message ${n}`, 8)
  const command = uuid(`command ${n}`, 5)
  const device = uuid(`device ${n % 3}`, 7)
  const reports = courses[n % courses.length]!.map((claim, i): Planned => {
    const at = fromMillis(begun + n * 60_000 + i * 1_000)
    const coded =
      claim === "failed" ? { code: "463" } : claim === "unknown" && n % 2 === 0 ? { code: "ack_timeout" } : {}
    const isReceipt = ["delivered", "read", "played"].includes(claim)
    const planned: Planned = {
      header: {
        direction: `homing/report/${1 + (n % 3)}`,
        keyId: agentKey.keyId,
        tenant: "default",
        agent: "home",
        device,
        lane: "homing.reports.home",
        subject: recipient,
        commandId: command,
        attempt: String(1 + (n % 4)),
        position: String(n),
        epoch: `${uuid("store", 7)}:1`,
        issuedAt: at,
        expiresAt: fromMillis(begun + n * 60_000 + 2_592_000_000)
      },
      said: { kind: "message", message, claim, at, ...(isReceipt && { recipient }), ...coded }
    }
    return changed(planned, i)
  })
  const sealed = { subject: recipient, key: "k", iv: "aXY", box: "Ym94" }
  const queued: ToldEvent & { readonly recordedAt: string } = {
    id: command,
    type: "message.queued.v1",
    revision: 0,
    recordedAt: fromMillis(begun + n * 60_000 - 1_000),
    data: {
      device,
      recipient: { kind: "phone", address: sealed },
      recipients: [recipient],
      content: { kind: "text", body: sealed },
      contentDigest: base64url(seed(`content ${n}`)),
      expiresAt: fromMillis(begun + n * 60_000 + 86_400_000),
      tags: {},
      waMessageId: `3EB0${hex(seed(`wa ${n}`))
        .slice(0, 18)
        .toUpperCase()}`,
      transport: "whatsapp-web"
    }
  }
  return { message, queued, reports }
}

/** The events that record these reports, each signed in a batch with up to ten others, at any place in it. */
export const historyOf = Effect.fnUntraced(function* (
  n: number,
  { by = own, changed }: { readonly by?: typeof own; readonly changed?: (planned: Planned, i: number) => Planned } = {}
) {
  const told = plannedOf(n)
  const signed = plannedOf(n, changed)
  const items: Array<ToldEvent & { readonly recordedAt: string }> = [told.queued]
  for (const [i, { header, said }] of signed.reports.entries()) {
    const place = (n + i) % 7
    const others = Array.from({ length: place + (n % 5) }, (_, other) => utf8(`3:abc${other}`))
    const unsigned = encodeUnsigned({ header, payload: utf8(JSON.stringify(said)) })
    const batch = [...others.slice(0, place), unsigned, ...others.slice(place)]
    const envelope = (yield* signBatch(crypto, by.signing, batch))[place]!
    const { at, claim, code, recipient } = told.reports[i]!.said
    items.push({
      id: uuid(`event ${n} ${i}`, 5),
      type: `message.${claim}.v1`,
      revision: i + 1,
      recordedAt: fromMillis(begun + n * 60_000 + i * 1_000 + 250),
      data: {
        at,
        attempt: Number(told.reports[i]!.header.attempt),
        ...(recipient !== undefined && { recipient }),
        ...((claim === "failed" || claim === "unknown") && { code: code ?? "unspecified" })
      },
      evidence: base64url(envelope)
    })
  }
  return { message: told.message, items, keys: [agentKey] } satisfies History & { readonly keys: unknown }
})
