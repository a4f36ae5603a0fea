import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { compactDecrypt, importJWK } from "jose"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { opened } from "../../docs/opening.ts"
import { sealFor } from "./Jwe.ts"
import { sealingKeysIn } from "./SealingKey.ts"

/** What is sealed here is opened by a library that others wrote, and by what the documentation shows. */

const holder = (kid: string) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const keys = sealingKeysIn(JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid }] }))
  return { key: keys![0]!, jwk: { ...privateKey.export({ format: "jwk" }), kid } }
}
const billing = holder("billing-1")
const audit = holder("audit-1")
const data = { id: "a fact", content: { text: "Grüße, 你好 😀" } }
const json = JSON.stringify(data)
const sealed = () => sealFor(crypto, billing.key, "an event", json)

const bySomebodyElse = async (jwe: string, { jwk }: typeof billing) => {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, await importJWK(jwk, "ECDH-ES"))
  return { text: new TextDecoder().decode(plaintext), header: protectedHeader }
}
const isRefused = (jwe: string, by = billing) =>
  bySomebodyElse(jwe, by).then(
    () => false,
    () => true
  )

describe("a JWE", () => {
  it("is opened by others with the private key, and says in the clear for which key and event it is", async () => {
    for (let i = 0; i < 50; i++) {
      const { header, text } = await bySomebodyElse(sealed(), billing)
      assert.strictEqual(text, json)
      const { epk, ...rest } = header
      assert.deepStrictEqual(rest, {
        alg: "ECDH-ES",
        enc: "A256GCM",
        kid: "billing-1",
        cty: "json",
        apu: Buffer.from("an event").toString("base64url")
      })
      assert.hasAllKeys(epk, ["kty", "crv", "x", "y"])
    }
  })

  it("is opened by the documentation's way, among those for others, for its own event alone", () => {
    const both = `${sealFor(crypto, audit.key, "an event", json)} ${sealed()}`
    for (const { jwk } of [billing, audit]) assert.deepStrictEqual(opened("an event", both, jwk), data)
    assert.isUndefined(opened("an event", sealed(), audit.jwk))
    assert.throws(() => opened("another event", both, billing.jwk), /another event/)
  })

  it("opens with no other key, and not when anything in it was changed", async () => {
    const jwe = sealed()
    assert.isTrue(await isRefused(jwe, { ...audit, jwk: { ...audit.jwk, kid: "billing-1" } }))
    const parts = jwe.split(".")
    const header = JSON.parse(Buffer.from(parts[0]!, "base64url").toString())
    const renamed = Buffer.from(
      JSON.stringify({ ...header, apu: Buffer.from("another event").toString("base64url") })
    ).toString("base64url")
    const moved = [renamed, ...parts.slice(1)].join(".")
    assert.isTrue(await isRefused(moved))
    assert.throws(() => opened("another event", moved, billing.jwk))
    for (const part of [2, 3, 4]) {
      const bytes = Buffer.from(parts[part]!, "base64url")
      bytes[0]! ^= 1
      assert.isTrue(await isRefused(parts.with(part, bytes.toString("base64url")).join(".")), String(part))
    }
    assert.isFalse(await isRefused(jwe))
  })

  it("is another one each time: under another key, agreed on for it alone", () => {
    const drawn = Array.from({ length: 100 }, sealed).map((jwe) => jwe.split("."))
    for (const part of [0, 2, 3, 4]) assert.strictEqual(new Set(drawn.map((parts) => parts[part])).size, drawn.length)
  })
})
