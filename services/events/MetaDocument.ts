import { Effect } from "effect"
import { fromUtf8 } from "#domain/Bytes.ts"
import type { BlobId } from "#domain/Ids.ts"
import type { Json, JsonObject } from "#domain/Json.ts"
import { MetaFact, type MetaReceived } from "#domain/meta/MetaFact.ts"
import { accountOf } from "#domain/meta/Names.ts"
import type { Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"
import { type PublicData, type PublicType, publicTypes } from "../api/PublicTypes.ts"
import type { Personal } from "../privacy/Personal.ts"

/** Told as what it is; of a kind that only a newer release knows, as something else that Meta tells. */
export const metaTypeOf = ({ kind }: MetaReceived): PublicType => {
  const type = `homing.meta.${kind}.v1`
  return type in publicTypes ? (type as PublicType) : "homing.meta.other.v1"
}

/** Whether its text stands in a blob: up to megabytes, of which an answer holds few. */
export const isLong = (event: RecordedEvent): boolean =>
  (event.type.startsWith("meta.received.") && MetaFact.read(event).data.blob !== undefined) ||
  (event.type.startsWith("session.received.") && SessionFact.read(event).data.blob !== undefined)

/** Of what was too long for its event. What is not there, or not what was put there, is damage. */
export const textIn = (blobs: Blobs["Service"], blob: BlobId): Effect.Effect<string, BlobsUnavailable> =>
  blobs.read(blob).pipe(
    Effect.flatMap((bytes) =>
      bytes === undefined ? Effect.die(new Error("what a fact says is missing")) : Effect.sync(() => fromUtf8(bytes))
    ),
    Effect.catchTag("BlobDamaged", Effect.die)
  )

/** With a word of each value as it was written, which the language has and its types do not know yet. */
const parse = JSON.parse as unknown as (
  text: string,
  reviver: (key: string, value: Json, written: { readonly source?: string }) => Json
) => Json

/** Numbers that would be others are told as they were written. */
export const changeIn = (text: string) =>
  parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && !Number.isSafeInteger(value) && String(value) !== source
      ? source
      : value
  ) as JsonObject

/** Whose it is, if it is sealed. */
const subjectIn = (opener: Personal["Service"], { account, person, source }: MetaReceived) =>
  person?.names[0] ?? opener.subjectOf(...accountOf(source.app, account))

/** Of whom it is, in JSON; `undefined` where it is nobody's, or can no longer be read. */
export const addressOf = (
  opener: Personal["Service"],
  event: RecordedEvent
): Effect.Effect<string | undefined, SubjectKeysUnavailable> => {
  const { data } = MetaFact.read(event)
  if (data.person === undefined) return Effect.succeed(undefined)
  const place = { tenant: event.metadata.tenant, event: event.eventId, field: "address" }
  return opener.reveal(data.person.address, place, { stream: event.stream, subject: subjectIn(opener, data) })
}

/**
 * What Meta said, as it was written; `undefined` when that can no longer be read. Dies of what is missing, or damaged.
 * What stands in a blob goes with its person: once the key that seals who it is is gone, nobody is shown it.
 */
export const changeTextOf = (
  opener: Personal["Service"],
  blobs: Blobs["Service"],
  event: RecordedEvent
): Effect.Effect<string | undefined, BlobsUnavailable | SubjectKeysUnavailable> => {
  const { data } = MetaFact.read(event)
  const { blob } = data
  if (blob !== undefined) {
    if (data.person === undefined) return textIn(blobs, blob)
    return Effect.flatMap(addressOf(opener, event), (address) =>
      address === undefined ? Effect.succeed(undefined) : textIn(blobs, blob)
    )
  }
  if (data.change === undefined) return Effect.succeed(undefined)
  const place = { tenant: event.metadata.tenant, event: event.eventId, field: "change" }
  return opener.reveal(data.change, place, { stream: event.stream, subject: subjectIn(opener, data) })
}

/** A fact of Meta's, with what of it may be read. */
export const metaJson = Effect.fnUntraced(function* (
  opener: Personal["Service"] | undefined,
  blobs: Blobs["Service"],
  recorded: RecordedEvent
) {
  const { data } = MetaFact.read(recorded)
  const { account, conflicting, field, fromMe, group, isHistory, kind, person, phoneNumberId, receivedAt } = data
  const { message, sentAt, source, status, target } = data
  const address = opener && (yield* addressOf(opener, recorded))
  const change = opener && (yield* changeTextOf(opener, blobs, recorded))
  const { bsuid, phone }: { readonly bsuid?: string; readonly phone?: string } =
    address === undefined ? {} : JSON.parse(address)
  const told: PublicData["homing.meta.other.v1"] = {
    id: MetaFact.idOf(recorded.stream),
    app: source.app,
    ...(account !== undefined && { account }),
    ...(phoneNumberId !== undefined && { phoneNumberId }),
    field,
    kind,
    ...(person !== undefined && {
      person: {
        names: person.names,
        ...(phone !== undefined && { phone: `+${phone}` }),
        ...(bsuid !== undefined && { bsuid })
      }
    }),
    ...(group !== undefined && { group }),
    ...(status !== undefined && { status }),
    ...(message !== undefined && { message }),
    ...(target !== undefined && { target }),
    ...(change !== undefined && { change: changeIn(change) }),
    ...(isHistory && { isHistory }),
    ...(fromMe && { fromMe }),
    ...(conflicting && { conflicting }),
    ...(sentAt !== undefined && { sentAt }),
    receivedAt
  }
  return told
})
