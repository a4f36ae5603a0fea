import { Effect } from "effect"
import type { Blobs } from "#domain/ports/Blobs.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { SessionFact } from "#domain/session/SessionFact.ts"
import type { PublicData } from "../api/PublicTypes.ts"
import type { Personal } from "../privacy/Personal.ts"
import { changeIn, textIn } from "./MetaDocument.ts"

/** A fact of a session source's, with what of it may be read. */
export const sessionJson = Effect.fnUntraced(function* (
  opener: Personal["Service"] | undefined,
  blobs: Blobs["Service"],
  { eventId: event, metadata: { tenant }, ...recorded }: RecordedEvent
) {
  const { data } = SessionFact.read({ ...recorded, eventId: event })
  const { account: session, conflicting, fromMe, message, person, receivedAt, sentAt, source } = data
  const open = (
    sealed: Sealed | undefined,
    name: string
  ): Effect.Effect<string | undefined, SubjectKeysUnavailable> => {
    if (sealed === undefined || opener === undefined) return Effect.succeed(undefined)
    const subject = person?.names[0] ?? opener.subjectOf("session", `${source.name}/${session}`)
    return opener.reveal(sealed, { tenant, event, field: name }, { stream: recorded.stream, subject })
  }
  const address = yield* open(person?.address, "address")
  /** What stands in a blob goes with its person, as Meta's does. */
  const isInBlob = data.blob !== undefined && opener !== undefined && (person === undefined || address !== undefined)
  const payload = isInBlob ? yield* textIn(blobs, data.blob) : yield* open(data.payload, "payload")
  const [kind, name]: ReadonlyArray<string> = address === undefined ? [] : JSON.parse(address)
  const told: PublicData["homing.session.received.v1"] = {
    id: SessionFact.idOf(recorded.stream),
    source: source.name,
    session,
    event: data.event,
    ...(person !== undefined && {
      person: {
        names: person.names,
        ...(kind === "phone" && { phone: name }),
        ...(kind === "lid" && { lid: name }),
        ...(kind === "address" && { address: name })
      }
    }),
    ...(message !== undefined && { message }),
    ...(payload !== undefined && { payload: changeIn(payload) }),
    ...(fromMe && { fromMe }),
    ...(conflicting && { conflicting }),
    ...(sentAt !== undefined && { sentAt }),
    receivedAt
  }
  return told
})
