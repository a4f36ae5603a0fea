import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { CompactEncrypt, importJWK } from "jose"
import { sealFor } from "#domain/privacy/Jwe.ts"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import { crypto } from "./NodeCrypto.ts"
import { openedIn, openingKeyOf } from "./SealedJwe.ts"

const pair = (kid: string) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const { d, ...open } = privateKey.export({ format: "jwk" })
  const publicJwk = { ...open, kid }
  return {
    jwk: { ...publicJwk, d },
    publicJwk,
    own: openingKeyOf({ ...publicJwk, d } as { readonly kid: string })!,
    sealing: sealingKeysIn(JSON.stringify({ keys: [publicJwk] }))![0]!
  }
}

describe("what is sealed for a key", () => {
  const [ours, theirs] = [pair("home-1"), pair("billing-1")]
  const sealed = [theirs, ours].map(({ sealing }) => sealFor(crypto, sealing, "an event", '{"a":1}')).join(" ")

  it("opens with it, and with no other", () => {
    assert.deepStrictEqual(openedIn(ours.own, "an event", sealed), { json: '{"a":1}' })
    assert.strictEqual(openedIn(pair("home-2").own, "an event", sealed), "no_key")
    assert.strictEqual(openedIn(pair("home-1").own, "an event", sealed), "damaged")
  })

  it("does not open as another event's, nor when a letter of it was changed", () => {
    assert.strictEqual(openedIn(ours.own, "another event", sealed), "damaged")
    const at = sealed.length - 30
    const other = sealed[at] === "A" ? "B" : "A"
    assert.strictEqual(openedIn(ours.own, "an event", sealed.slice(0, at) + other + sealed.slice(at + 1)), "damaged")
    for (const nonsense of ["", "a.b.c.d.e", "...."]) assert.notProperty(openedIn(ours.own, "x", nonsense), "json")
  })

  it("opens when a library of others has sealed it", async () => {
    const jwe = await new CompactEncrypt(new TextEncoder().encode('{"b":2}'))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", kid: "home-1" })
      .setKeyManagementParameters({ apu: new TextEncoder().encode("an event") })
      .encrypt(await importJWK(ours.publicJwk, "ECDH-ES"))
    assert.deepStrictEqual(openedIn(ours.own, "an event", jwe), { json: '{"b":2}' })
  })

  it("is opened by a private key on P-256 alone", () => {
    assert.isUndefined(openingKeyOf(ours.publicJwk as { readonly kid: string }))
    assert.isUndefined(openingKeyOf({ kid: "x" }))
  })
})
