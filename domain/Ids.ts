import { Schema } from "effect"

/** Names of things. Each is safe in logs, metrics, URLs and bus subjects: none is derived from personal data in the clear. */

const uuid = Schema.String.check(Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/))
const slug = Schema.String.check(Schema.isPattern(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/))

export const TenantId = slug.pipe(Schema.brand("TenantId"))
export type TenantId = typeof TenantId.Type
/** The only tenant so far; it stands on every key, device and subject from the first event on. */
export const defaultTenant = TenantId.make("default")

export const MessageId = uuid.pipe(Schema.brand("MessageId"))
export type MessageId = typeof MessageId.Type

/** Of a fact: one thing heard from outside. */
export const InboundId = uuid.pipe(Schema.brand("InboundId"))
export type InboundId = typeof InboundId.Type

/** Of a person, a group or a list that a device speaks with: one for all of their names. */
export const PeerId = uuid.pipe(Schema.brand("PeerId"))
export type PeerId = typeof PeerId.Type

export const DeviceId = uuid.pipe(Schema.brand("DeviceId"))
export type DeviceId = typeof DeviceId.Type

export const ClientId = uuid.pipe(Schema.brand("ClientId"))
export type ClientId = typeof ClientId.Type

/** Of a client that is known by a cookie for a while. */
export const LoginId = uuid.pipe(Schema.brand("LoginId"))
export type LoginId = typeof LoginId.Type

/** Of what somebody did that is written down. */
export const AccessRecordId = uuid.pipe(Schema.brand("AccessRecordId"))
export type AccessRecordId = typeof AccessRecordId.Type

export const RequestId = uuid.pipe(Schema.brand("RequestId"))
export type RequestId = typeof RequestId.Type

/** Of a customer's address that is told what happens. */
export const EndpointId = uuid.pipe(Schema.brand("EndpointId"))
export type EndpointId = typeof EndpointId.Type

/** Of the erasure of one person. */
export const ErasureId = uuid.pipe(Schema.brand("ErasureId"))
export type ErasureId = typeof ErasureId.Type

/** Of an address that routes lead to. */
export const TargetId = uuid.pipe(Schema.brand("TargetId"))
export type TargetId = typeof TargetId.Type

/** Of one event to one endpoint, however often it is tried. */
export const DeliveryId = uuid.pipe(Schema.brand("DeliveryId"))
export type DeliveryId = typeof DeliveryId.Type

export const ApiKeyId = Schema.String.check(Schema.isPattern(/^[a-z0-9]{4,32}$/)).pipe(Schema.brand("ApiKeyId"))
export type ApiKeyId = typeof ApiKeyId.Type

export const AgentId = slug.pipe(Schema.brand("AgentId"))
export type AgentId = typeof AgentId.Type

/** Of a request of Meta's, by its app and its bytes. */
export const BatchId = uuid.pipe(Schema.brand("BatchId"))
export type BatchId = typeof BatchId.Type

/** Of bytes that are kept beside the log. */
export const BlobId = uuid.pipe(Schema.brand("BlobId"))
export type BlobId = typeof BlobId.Type

/** Of an app of Meta, as the configuration calls it. */
export const MetaApp = slug.pipe(Schema.brand("MetaApp"))
export type MetaApp = typeof MetaApp.Type

/** Of a service that reads public events off the bus. */
export const ConsumerId = slug.pipe(Schema.brand("ConsumerId"))
export type ConsumerId = typeof ConsumerId.Type

export const EventId = uuid.pipe(Schema.brand("EventId"))
export type EventId = typeof EventId.Type

/** One per decision; the ids of the decision's events follow from it. */
export const CommandId = uuid.pipe(Schema.brand("CommandId"))
export type CommandId = typeof CommandId.Type

/** A keyed digest of an identity (a phone number, say): names a person's data key and a chat without naming the person. */
export const SubjectId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{43}$/)).pipe(Schema.brand("SubjectId"))
export type SubjectId = typeof SubjectId.Type

/** The id WhatsApp's own clients write on a message: `3EB0` and 18 upper-case hexadecimal digits. */
export const WaMessageId = Schema.String.check(Schema.isPattern(/^3EB0[0-9A-F]{18}$/)).pipe(Schema.brand("WaMessageId"))
export type WaMessageId = typeof WaMessageId.Type

export const StreamId = Schema.String.check(Schema.isPattern(/^[a-z]+-[a-z0-9-]{1,64}$/)).pipe(Schema.brand("StreamId"))
export type StreamId = typeof StreamId.Type

/** The part of a stream's name before the first dash: all streams of one kind of aggregate. */
export const categoryOf = (stream: StreamId): string => stream.slice(0, stream.indexOf("-"))
