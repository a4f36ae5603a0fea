import { Effect, Schema } from "effect"
import type { DeviceId, EventId, MessageId, SubjectId, TenantId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { Content, isKnown } from "#domain/message/content/Content.ts"
import { Message, type Queued, reportOf } from "#domain/message/Message.ts"
import { Recipient } from "#domain/message/Recipient.ts"
import { failureCode, type Report, type Status, statusOf } from "#domain/message/Status.ts"
import type { NewEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import type { Personal } from "../privacy/Personal.ts"
import { BeginningMissing } from "../views/BeginningMissing.ts"
import type { MessageDocument } from "./Messages.ts"

/** A message folded from its stream, its personal data still sealed. */
export interface SealedDocument {
  readonly id: MessageId
  readonly tenant: TenantId
  /** The id of `message.queued`: the agent command's id, and the place its boxes are bound to. */
  readonly command: EventId
  readonly device: DeviceId
  readonly recipient: Queued["recipient"]
  readonly recipients: ReadonlyArray<SubjectId>
  readonly content: { readonly kind: string; readonly body: Sealed }
  /** Known from the start where the gateway chooses it. */
  readonly waMessageId: string | undefined
  readonly replyTo: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly reports: ReadonlyArray<Report>
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly expiresAt: Instant
}

/** One more event of the message's stream; `undefined` before the first. */
export const evolve = (id: MessageId, document: SealedDocument | undefined, event: NewEvent): SealedDocument => {
  const read = Message.read(event)
  const { occurredAt, tenant } = event.metadata
  if (read.type === "message.queued") {
    const { content, device, expiresAt, recipient, recipients, replyTo, tags, transport } = read.data
    return {
      id,
      tenant,
      command: event.eventId,
      device,
      recipient,
      recipients,
      content,
      waMessageId: transport.name === "whatsapp-web" ? transport.messageId : undefined,
      replyTo: replyTo?.id,
      tags,
      reports: [],
      createdAt: occurredAt,
      updatedAt: occurredAt,
      expiresAt
    }
  }
  if (document === undefined) throw new BeginningMissing(Message.streamOf(id))
  return { ...document, reports: [...document.reports, reportOf(read)], updatedAt: occurredAt }
}

export const statusOfDocument = ({ recipients, reports }: SealedDocument): Status => statusOf(reports, recipients)

export interface Revealed {
  readonly to: Recipient | undefined
  readonly content: Content | undefined
}

/** The document as callers see it. */
export const present = (document: SealedDocument, { content, to }: Revealed): MessageDocument => {
  const { createdAt, device, expiresAt, id, replyTo, reports, tags, updatedAt, waMessageId } = document
  const status = statusOfDocument(document)
  const errorCode = status === "failed" ? failureCode(reports) : undefined
  return { id, status, device, to, content, waMessageId, replyTo, errorCode, tags, createdAt, updatedAt, expiresAt }
}

const decodeRecipient = Schema.decodeUnknownSync(Schema.fromJsonString(Recipient))
const decodeContent = Schema.decodeUnknownSync(Schema.fromJsonString(Content))

/** Opens the sealed fields. */
export const reveal = Effect.fnUntraced(function* (
  personal: Personal["Service"],
  { command: event, content, id, recipient, recipients: [subject], tenant }: SealedDocument
) {
  const whose = { stream: Message.streamOf(id), subject: subject ?? recipient.address.subject }
  const to = yield* personal.reveal(recipient.address, { tenant, event, field: "recipient" }, whose)
  const body = yield* personal.reveal(content.body, { tenant, event, field: "content" }, whose)
  const revealed: Revealed = {
    to: to === undefined ? undefined : decodeRecipient(to),
    content: body !== undefined && isKnown(content.kind) ? decodeContent(body) : undefined
  }
  return revealed
})
