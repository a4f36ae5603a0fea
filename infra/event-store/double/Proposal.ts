import type shared from "@eventstore/db-client/generated/shared_pb.js"
import { any, noStream, streamExists } from "./CommitCheck.ts"
import type { ProposedEvent } from "./Log.ts"

/** Data bytes of one append, inclusive. The real server means to count metadata and types too, and does not. */
export const maxAppendSize = 1_048_576

/** How long the real server waits for its own commit before it gives an append up. */
export const writeTimeoutMillis = 2_000

/** The fields that both append paths share. */
interface ProposedMessage {
  readonly getId: () => shared.UUID | undefined
  readonly getMetadataMap: () => { readonly get: (key: string) => string | undefined }
  readonly getData_asU8: () => Uint8Array
  readonly getCustomMetadata_asU8: () => Uint8Array
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** `undefined` when the id is no UUID, or the type is empty. */
export const proposedEvent = (message: ProposedMessage): ProposedEvent | undefined => {
  const eventId = message.getId()?.getString() ?? ""
  const type = message.getMetadataMap().get("type") ?? ""
  if (!uuid.test(eventId) || type === "") return undefined
  return {
    eventId: eventId.toLowerCase(),
    type,
    isJson: message.getMetadataMap().get("content-type") === "application/json",
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8()
  }
}

export const sizeOf = (events: ReadonlyArray<ProposedEvent>) =>
  events.reduce((size, { data }) => size + data.byteLength, 0)

export const nameOf = (identifier: shared.StreamIdentifier | undefined) =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString()

/** `exact`: the decimal digits of an exact revision, where one is given. */
export const expectedOf = (
  options: { readonly hasNoStream: () => boolean; readonly hasStreamExists: () => boolean },
  exact: string | undefined
): bigint =>
  exact !== undefined
    ? BigInt(exact)
    : options.hasNoStream()
      ? noStream
      : options.hasStreamExists()
        ? streamExists
        : any
