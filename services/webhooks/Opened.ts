import { Effect } from "effect"
import { beside } from "#domain/Beside.ts"
import { Endpoint } from "#domain/delivery/Endpoint.ts"
import * as Secret from "#domain/delivery/Secret.ts"
import type { Instant } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Personal } from "../privacy/Personal.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"

/** Where deliveries to an endpoint go, and what they are signed with. */
export interface Opened {
  readonly url: string
  /** Newest first. */
  readonly secrets: ReadonlyArray<Secret.Signatory & { readonly until: Instant | null }>
}

/**
 * What is sealed of an endpoint, opened once for all deliveries, and known no longer than its record: what has changed is
 * another one. `undefined` when it cannot be read any more.
 */
export const make = Effect.gen(function* () {
  const crypto = yield* Crypto
  const personal = yield* Personal
  const known = beside<EndpointRecord, Opened>()

  const open = Effect.fnUntraced(function* (record: EndpointRecord) {
    const { id, tenant, url: box, urlBy } = record
    const whose = { stream: Endpoint.streamOf(id), subject: personal.subjectOf("endpoint", id) }
    const url = yield* personal.reveal(box, { tenant, event: urlBy, field: "url" }, whose)
    const secrets = yield* Effect.forEach(record.secrets, ({ box, sealedBy, until }) =>
      Effect.map(personal.reveal(box, { tenant, event: sealedBy, field: "secret" }, whose), (text) =>
        text === undefined ? [] : [{ until, ...Secret.signatoryOf(crypto, text) }]
      )
    )
    if (url === undefined || secrets.flat().length === 0) return undefined
    const opened: Opened = { url, secrets: secrets.flat() }
    known.set(record, opened)
    return opened
  })

  return (record: EndpointRecord) => {
    const opened = known.get(record)
    return opened === undefined ? open(record) : Effect.succeed(opened)
  }
})
