import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "#domain/access/Scopes.ts"
import { ApiKeyId, ClientId, EventId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { isLast } from "./Administrators.ts"
import type { KnownKey } from "./Roster.ts"

const at = (seconds: number) => fromMillis(seconds * 1_000)
const now = at(100)
const id = ApiKeyId.make("taken")

const key = (name: string, scope: Scope, expiresAt?: Instant, revoked = false): KnownKey => ({
  client: ClientId.make("11111111-1111-7111-8111-111111111111"),
  id: ApiKeyId.make(name),
  digest: new Uint8Array(),
  scopes: new Set([scope]),
  issuedAt: at(0),
  issuedBy: EventId.make("11111111-1111-5111-8111-111111111111"),
  name: undefined,
  revoked,
  expiresAt,
  replacedBy: undefined
})
const among = (...keys: ReadonlyArray<KnownKey>) => new Map(keys.map((one) => [one.id, one]))

describe("the last administrator", () => {
  const lasting = key("taken", "admin")
  const passing = key("taken", "admin", at(200))

  it("is who nobody else is beside, or only who ends", () => {
    const nobody = [key("other", "messages:read"), key("gone", "admin", undefined, true), key("over", "admin", at(99))]
    assert.isTrue(isLast(among(lasting, ...nobody), id, now))
    assert.isTrue(isLast(among(passing, ...nobody), id, now))
    assert.isTrue(isLast(among(lasting, key("other", "admin", at(999))), id, now))
    assert.isFalse(isLast(among(lasting, key("other", "admin")), id, now))
    assert.isFalse(isLast(among(passing, key("other", "admin", at(101))), id, now))
  })

  it("is nobody who is none", () => {
    assert.isFalse(isLast(among(key("taken", "messages:read")), id, now))
    assert.isFalse(isLast(among(key("taken", "admin", undefined, true)), id, now))
    assert.isFalse(isLast(among(key("taken", "admin", at(100))), id, now))
    assert.isFalse(isLast(among(), id, now))
  })

  it("gives way to one that lasts as it did", () => {
    assert.isFalse(isLast(among(lasting), id, now, { expires: false }))
    assert.isTrue(isLast(among(lasting), id, now, { expires: true }))
    assert.isFalse(isLast(among(passing), id, now, { expires: true }))
  })
})
