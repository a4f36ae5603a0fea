import { Effect, Exit, Schema } from "effect"
import type { TenantId } from "../Ids.ts"
import { type Lane, subjectOf } from "../ports/CommandBus.ts"
import { Crypto, type VerifyingKey } from "../ports/Crypto.ts"
import { EnvelopeRefused, type Header, type Verified, verifyBatch } from "./Envelope.ts"
import type { Payloads } from "./Payloads.ts"
import { Undecodable } from "./Protocol.ts"
import { versionOf } from "./Versions.ts"

/** Where envelopes arrive, and which of them belong there. */
export interface Receiver {
  readonly lane: Lane
  readonly tenant: TenantId
  readonly epoch: string
  /** The pinned key of a key id, if it is taken now. */
  readonly keyOf: (keyId: string) => VerifyingKey | undefined
}

/** A verified envelope that belongs here, and what it says. */
export interface Received<Payload> extends Verified {
  readonly version: number
  readonly said: Payload
}

/** An envelope that is not believed or does not belong here, or whose word is not to be followed. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", { reason: Schema.String }) {}

/**
 * Opens what arrived together: verified first, parsed after, each with its own answer, in order. `isWhole`: what else a
 * header has to hold.
 */
export const receiving = <Payload>(payloads: Payloads<Payload>, isWhole: (header: Header) => boolean = () => true) =>
  Effect.map(Crypto, (crypto) => {
    const newest = payloads.versions.length

    const foreign = (header: Header, version: number | undefined, subject: string, receiver: Receiver) => {
      if (version === undefined) return "wrong_direction"
      if (version > newest) return "unknown_version"
      if (header.tenant !== receiver.tenant) return "wrong_tenant"
      if (header.agent !== receiver.lane.agent) return "wrong_agent"
      if (header.lane !== subject) return "wrong_lane"
      if (header.epoch !== receiver.epoch) return "wrong_epoch"
      return isWhole(header) ? undefined : "malformed"
    }

    const read = (verified: Verified, subject: string, receiver: Receiver): Received<Payload> | Refused => {
      const { bytes, header, payload } = verified
      const version = versionOf(receiver.lane.kind, header.direction)
      const reason = foreign(header, version, subject, receiver)
      if (version === undefined || reason !== undefined) return new Refused({ reason: reason! })
      const said = payloads.read(version, payload)
      if (said instanceof Undecodable) return new Refused({ reason: "undecodable" })
      return { bytes, header, payload, version, said }
    }

    return (
      receiver: Receiver,
      envelopes: ReadonlyArray<Uint8Array>
    ): Effect.Effect<ReadonlyArray<Received<Payload> | Refused>> => {
      const subject = subjectOf(receiver.lane)
      return Effect.map(verifyBatch(crypto, receiver.keyOf, envelopes), (answers) =>
        answers.map((answer) =>
          answer instanceof EnvelopeRefused ? new Refused({ reason: answer.reason }) : read(answer, subject, receiver)
        )
      )
    }
  })

/** Whether all of it is done already, and well: then there is no more to do, and to build on it would cost. */
export const isDone = (effect: Effect.Effect<unknown, unknown, unknown>): boolean =>
  Exit.isExit(effect) && Exit.isSuccess(effect)

/** Follows one, or tells why not: those behind it are none the worse. */
export const take = <Payload, A, E, R>(
  answer: Received<Payload> | Refused,
  follow: (received: Received<Payload>) => Effect.Effect<A, E | Refused | Undecodable, R>,
  refuse: (reason: string) => Effect.Effect<void>
): Effect.Effect<A | undefined, Exclude<E, Refused | Undecodable>, R> => {
  const refused = (reason: string) => Effect.as(refuse(reason), undefined)
  if (answer instanceof Refused) return refused(answer.reason)
  const followed = follow(answer)
  if (isDone(followed)) return followed as Effect.Effect<A>
  return Effect.catch(followed, (error) => {
    if (error instanceof Refused) return refused(error.reason)
    if (error instanceof Undecodable) return refused("undecodable")
    return Effect.fail(error as Exclude<E, Refused | Undecodable>)
  })
}
