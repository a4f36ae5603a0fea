import { Array, Effect } from "effect"
import type { TenantId } from "../Ids.ts"
import type { Instant } from "../Instant.ts"
import { type BusUnavailable, CommandBus, type Lane, type Outgoing, subjectOf } from "../ports/CommandBus.ts"
import { type CipherKey, Crypto, type SigningKey } from "../ports/Crypto.ts"
import { encodeUnsigned, type Header, signBatch } from "./Envelope.ts"
import { maxBatch } from "./MerkleBatch.ts"
import type { Payloads } from "./Payloads.ts"
import { box, type WireBox } from "./Protocol.ts"
import { directionOf } from "./Versions.ts"

/** Whose envelopes these are, to whom, and how they are written. */
export interface Sender {
  readonly lane: Lane
  readonly version: number
  readonly tenant: TenantId
  readonly epoch: string
  readonly keyId: string
  /** Shared with the receiver, for the personal part. */
  readonly cipher: CipherKey
}

/** The command that an envelope is, or answers to. */
export interface Regarding {
  readonly commandId: string
  readonly attempt: number
  readonly position: bigint
  /** `-` where there is none. */
  readonly device: string
  readonly subject: string
}

export interface Validity {
  readonly issuedAt: Instant
  readonly expiresAt: Instant
}

/** A payload before its personal part is encrypted to the receiver. */
export type Unboxed<Payload> = Payload extends { readonly box: WireBox }
  ? Omit<Payload, "box"> & { readonly personal: object }
  : Payload

/** The sending end of the wire. */
export const posting = <Payload extends object>(payloads: Payloads<Payload>) =>
  Effect.gen(function* () {
    const bus = yield* CommandBus
    const crypto = yield* Crypto

    const payloadOf = (header: Header, cipher: CipherKey, said: Unboxed<Payload>): Payload => {
      if (!("personal" in said)) return said as Payload
      const { personal, ...rest } = said as { readonly personal: object }
      return { ...rest, box: box(crypto, cipher, header, personal) } as unknown as Payload
    }

    return {
      /** The exact bytes to be signed. */
      write: (from: Sender, regarding: Regarding, { expiresAt, issuedAt }: Validity, said: Unboxed<Payload>) => {
        const header: Header = {
          direction: directionOf(from.lane.kind, from.version),
          keyId: from.keyId,
          tenant: from.tenant,
          agent: from.lane.agent,
          device: regarding.device,
          lane: subjectOf(from.lane),
          subject: regarding.subject,
          commandId: regarding.commandId,
          attempt: String(regarding.attempt),
          position: String(regarding.position),
          epoch: from.epoch,
          issuedAt,
          expiresAt
        }
        const payload = payloadOf(header, from.cipher, said)
        return encodeUnsigned({ header, payload: payloads.write(from.version, payload) })
      },

      /** Signs what leaves together, as many under one signature as it may hold; `leave` hears of each such batch. */
      post: <Letter extends Outgoing, E>(
        lane: Lane,
        key: SigningKey,
        letters: ReadonlyArray<Letter>,
        leave: (
          publishing: Effect.Effect<void, BusUnavailable>,
          batch: Array.NonEmptyReadonlyArray<Letter>
        ) => Effect.Effect<void, E>
      ): Effect.Effect<void, E> =>
        Effect.forEach(
          Array.chunksOf(letters, maxBatch),
          (batch) => {
            const written = batch.map(({ bytes }) => bytes)
            return Effect.flatMap(signBatch(crypto, key, written), (envelopes) => {
              const outgoing = Array.map(batch, ({ id }, i): Outgoing => ({ id, bytes: envelopes[i]! }))
              return leave(bus.publish(lane, outgoing), batch)
            })
          },
          { discard: true }
        )
    }
  })
