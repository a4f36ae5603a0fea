import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import {
  contentDigestOf,
  eventIdOf,
  messageIdOf,
  newCommandId,
  newWaMessageId,
  reportIdOf,
  subjectIdOf,
  uuidV7
} from "./Identifiers.ts"
import { ClientId, CommandId, defaultTenant, TenantId, WaMessageId } from "./Ids.ts"

const pepper = crypto.macKey(new Uint8Array(32).fill(1))
const command = CommandId.make("0196f3c0-0000-7000-8000-000000000001")
const client = ClientId.make("0196f3c0-0000-7000-8000-000000000001")
const uuid = (version: number) =>
  new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

describe("derived ids", () => {
  it("never change: events stand in logs under them, for ever", () => {
    assert.strictEqual(eventIdOf(crypto, command, 0), "74916691-3833-5ab7-bd46-f9288d1e026a")
    assert.strictEqual(eventIdOf(crypto, command, 1), "b2002ff7-6b86-5bff-9b53-eb05412002b0")
    assert.strictEqual(reportIdOf(crypto, command, 1, "sent 1  "), "ed36180b-2364-5389-9787-0d3d59a74a19")
    assert.strictEqual(
      messageIdOf(crypto, pepper, defaultTenant, client, "+15551234567"),
      "f5a6f478-fc75-8907-8648-bdbbe041a0c7"
    )
    assert.strictEqual(
      messageIdOf(crypto, pepper, defaultTenant, client, "clé 😀"),
      "e1d92d71-7997-8207-a983-f39bf65f0e53"
    )
    assert.strictEqual(
      subjectIdOf(crypto, pepper, defaultTenant, "phone", "+15551234567"),
      "olpDaBsHZNTi74upMGQ0sU5iLuc2wm-SwdKbDkDDtcA"
    )
    assert.strictEqual(contentDigestOf(crypto, pepper, '{"a":1}'), "i4sdKkoqXQxNSu2SEBnQMsMkdnj2Db0zfD3wUqzbd-A")
  })

  it("differ with everything they come from", () => {
    const other = ClientId.make("0196f3c0-0000-7000-8000-000000000002")
    const otherPepper = crypto.macKey(new Uint8Array(32).fill(2))
    const ids = [
      messageIdOf(crypto, pepper, defaultTenant, client, "key"),
      messageIdOf(crypto, otherPepper, defaultTenant, client, "key"),
      messageIdOf(crypto, pepper, TenantId.make("other"), client, "key"),
      messageIdOf(crypto, pepper, defaultTenant, other, "key"),
      messageIdOf(crypto, pepper, defaultTenant, client, "key "),
      reportIdOf(crypto, command, 1, "sent"),
      reportIdOf(crypto, command, 11, "sent"),
      reportIdOf(crypto, command, 1, "1sent"),
      reportIdOf(crypto, other, 1, "sent"),
      eventIdOf(crypto, command, 1),
      eventIdOf(crypto, command, 11),
      subjectIdOf(crypto, pepper, defaultTenant, "phone", "1"),
      subjectIdOf(crypto, pepper, defaultTenant, "phone1", ""),
      subjectIdOf(crypto, pepper, defaultTenant, "lid", "1"),
      subjectIdOf(crypto, pepper, TenantId.make("other"), "phone", "1")
    ]
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("say how they were made", () => {
    assert.match(eventIdOf(crypto, command, 0), uuid(5))
    assert.match(reportIdOf(crypto, command, 1, "sent"), uuid(5))
    assert.match(messageIdOf(crypto, pepper, defaultTenant, client, "key"), uuid(8))
    assert.match(newCommandId(crypto, 0), uuid(7))
  })
})

describe("minted ids", () => {
  it("of version 7 carry their time, and sort by it", () => {
    // the example of RFC 9562, A.6
    assert.strictEqual(uuidV7(crypto, 0x017f22e279b0).slice(0, 14), "017f22e2-79b0-")
    const moments = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 1_700_000_000_000, 2 ** 48 - 1]
    const ids = moments.map((millis) => uuidV7(crypto, millis))
    assert.deepStrictEqual([...ids].sort(), ids)
    assert.deepStrictEqual(
      ids.map((id) => Number.parseInt(id.replace("-", "").slice(0, 12), 16)),
      moments
    )
    for (const id of ids) assert.match(id, uuid(7))
  })

  it("are never the same", () => {
    const ids = Array.from({ length: 5_000 }, () => newCommandId(crypto, 1_700_000_000_000))
    assert.strictEqual(new Set(ids).size, ids.length)
    const whatsApp = Array.from({ length: 5_000 }, () => newWaMessageId(crypto))
    assert.strictEqual(new Set(whatsApp).size, whatsApp.length)
    assert.isTrue(whatsApp.every(Schema.is(WaMessageId)))
  })
})
