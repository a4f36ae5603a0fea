import { categoryOf } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import { Message } from "#domain/message/Message.ts"
import { MetaFact } from "#domain/meta/MetaFact.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Told } from "#domain/region/Told.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"
import { isChange } from "./PublicTold.ts"

/** What the home's own events say of conversations: as their public form does in another region, without opening them. */

const ofMessage = (recorded: RecordedEvent): Told => {
  const event = Message.read(recorded)
  const id = Message.idOf(recorded.stream)
  const at = recorded.metadata.occurredAt
  if (event.type !== "message.queued") {
    return { id, step: event.type, names: [], fromMe: true, at: event.data.at, attempt: event.data.attempt }
  }
  const { device, recipient, transport } = event.data
  return {
    id,
    step: event.type,
    names: [recipient.address.subject],
    fromMe: true,
    at,
    ...(transport.name === "whatsapp-web" && { called: `${device} ${transport.messageId}` })
  }
}

const ofInbound = (recorded: RecordedEvent): Told => {
  const event = Inbound.read(recorded)
  const id = Inbound.idOf(recorded.stream)
  const at = recorded.metadata.occurredAt
  if (event.type !== "inbound.received") {
    const when = event.type === "inbound.decrypted" ? event.data.heardAt : at
    return { id, step: event.type, names: [], fromMe: false, at: when }
  }
  const { chat, content, fromMe, heardAt, sentAt, source, target, waMessageId } = event.data
  const { device } = source
  return {
    id,
    step: `inbound.${content.kind}`,
    names: chat.kind === "person" ? chat.names : [],
    fromMe,
    at: sentAt ?? heardAt,
    ...(target !== undefined && isChange(content.kind) && { target: `${device} ${target.waMessageId}` }),
    ...(target === undefined && { called: `${device} ${waMessageId}` })
  }
}

const ofMeta = (recorded: RecordedEvent): Told => {
  const { data } = MetaFact.read(recorded)
  const { fromMe = false, group, kind, message, person, receivedAt, sentAt, status, target } = data
  const isStatus = kind === "status"
  return {
    id: MetaFact.idOf(recorded.stream),
    step: isStatus ? `meta.status.${status ?? "other"}` : `meta.${kind}`,
    names: group === undefined ? (person?.names ?? []) : [],
    fromMe,
    at: sentAt ?? receivedAt,
    ...(isStatus && target !== undefined && { target: `meta ${target}` }),
    ...(!isStatus && message !== undefined && { called: `meta ${message}` })
  }
}

const ofSession = (recorded: RecordedEvent): Told => {
  const { fromMe = false, message, person, receivedAt, sentAt } = SessionFact.read(recorded).data
  return {
    id: SessionFact.idOf(recorded.stream),
    step: "session.received",
    names: person?.names ?? [],
    fromMe,
    at: sentAt ?? receivedAt,
    ...(message !== undefined && { called: `session ${message}` })
  }
}

const readers: Readonly<Record<string, (recorded: RecordedEvent) => Told>> = {
  [Message.category]: ofMessage,
  [Inbound.category]: ofInbound,
  [MetaFact.category]: ofMeta,
  [SessionFact.category]: ofSession
}

export const categories = Object.keys(readers)

export const toldOf = (recorded: RecordedEvent): Told => readers[categoryOf(recorded.stream)]!(recorded)
