import { Effect } from "effect"
import { Endpoint } from "#domain/delivery/Endpoint.ts"
import type { Instant } from "#domain/Instant.ts"
import { lru } from "#domain/Lru.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Personal } from "../privacy/Personal.ts"
import type { EndpointRecord } from "./EndpointsRows.ts"
import * as Secret from "./Secret.ts"

const capacity = 256

/** Where deliveries to an endpoint go, and what they are signed with. */
export interface Opened {
  readonly url: string
  /** Newest first. */
  readonly secrets: ReadonlyArray<Secret.Signatory & { readonly until: Instant | null }>
}

/**
 * What is sealed of an endpoint, opened once for all deliveries: what has changed is another record. `undefined` when it
 * cannot be read any more.
 */
export const make = Effect.gen(function* () {
  const crypto = yield* Crypto
  const personal = yield* Personal
  const known = lru<{ readonly record: EndpointRecord; readonly opened: Opened }>(capacity)

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
    known.set(id, { record, opened })
    return opened
  })

  return (record: EndpointRecord) => {
    const found = known.get(record.id)
    return found?.record === record ? Effect.succeed(found.opened) : open(record)
  }
})
