import { Context } from "effect"
import type { CommandId, TenantId } from "#domain/Ids.ts"
import type { Instant } from "#domain/Instant.ts"
import { inOrder } from "#domain/OrderedJson.ts"
import type { MacKey } from "#domain/ports/Crypto.ts"
import { type Actor, Metadata } from "#domain/Recorded.ts"

/** What led to a decision. */
export interface Origin {
  readonly actor: Actor
  /** The id all of one story share: the message's, the device's. */
  readonly correlationId: string
  /** The request, event or report that this answers to. */
  readonly causationId: string
  /** Where in which trace. */
  readonly trace?: string | undefined
}

/** Who writes here: the constants on every event's metadata, and the pepper under which ids and subjects are derived. */
export class Provenance extends Context.Service<
  Provenance,
  {
    readonly tenant: TenantId
    readonly region: string
    readonly producer: string
    readonly pepper: MacKey
  }
>()("homing/services/runtime/Provenance") {}

const layOut = inOrder(Metadata)

export const metadataOf = (
  { producer, region, tenant }: Provenance["Service"],
  { actor, causationId, correlationId, trace }: Origin,
  commandId: CommandId,
  occurredAt: Instant
): Metadata =>
  layOut<Metadata>({
    v: 1,
    tenant,
    actor,
    commandId,
    correlationId,
    causationId,
    occurredAt,
    region,
    producer,
    ...(trace !== undefined && { traceparent: trace })
  })
