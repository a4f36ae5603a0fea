import { Effect } from "effect"
import { fromUtf8 } from "#domain/Bytes.ts"
import type { BlobId } from "#domain/Ids.ts"
import type { Json, JsonObject } from "#domain/Json.ts"
import { MetaFact, type MetaReceived } from "#domain/meta/MetaFact.ts"
import { accountOf } from "#domain/meta/Names.ts"
import type { Blobs, BlobsUnavailable } from "#domain/ports/Blobs.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
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

/** A fact of Meta's, with what of it may be read. */
export const metaJson = Effect.fnUntraced(function* (
  opener: Personal["Service"] | undefined,
  blobs: Blobs["Service"],
  { eventId: event, metadata: { tenant }, ...recorded }: RecordedEvent
) {
  const { data } = MetaFact.read({ ...recorded, eventId: event })
  const { account, conflicting, field, fromMe, group, isHistory, kind, person, phoneNumberId, receivedAt } = data
  const { message, sentAt, source, status, target } = data
  const open = (
    sealed: Sealed | undefined,
    name: string
  ): Effect.Effect<string | undefined, SubjectKeysUnavailable> => {
    if (sealed === undefined || opener === undefined) return Effect.succeed(undefined)
    const subject = person?.names[0] ?? opener.subjectOf(...accountOf(source.app, account))
    return opener.reveal(sealed, { tenant, event, field: name }, { stream: recorded.stream, subject })
  }
  const address = yield* open(person?.address, "address")
  const isInBlob = data.blob !== undefined && opener !== undefined
  const change = isInBlob ? yield* textIn(blobs, data.blob) : yield* open(data.change, "change")
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
