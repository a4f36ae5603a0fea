import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { sealingKeysIn } from "./SealingKey.ts"

const pair = (namedCurve = "P-256") => generateKeyPairSync("ec", { namedCurve })
const jwk = (kid: string, more: object = {}) => ({ ...pair().publicKey.export({ format: "jwk" }), kid, ...more })
const setOf = (...keys: ReadonlyArray<object>) => sealingKeysIn(JSON.stringify({ keys }))

describe("sealing keys", () => {
  it("are read from a JWK Set of public keys on P-256, with whatever else it says of them", () => {
    const [one, two] = [jwk("billing-1"), jwk("x_Y.z~", { use: "enc", alg: "ECDH-ES", x5t: "a print" })]
    const found = setOf(one, two)!
    assert.deepStrictEqual(
      found.map(({ kid }) => kid),
      ["billing-1", "x_Y.z~"]
    )
    for (const [i, { x, y }] of [one, two].entries()) {
      const bytes = Buffer.concat([Buffer.of(4), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")])
      assert.deepStrictEqual([...found[i]!.point], [...bytes])
    }
  })

  it("are none where it holds a private key, a key for something else, one twice, or none", () => {
    const { kid: _, ...nameless } = jwk("one")
    const refused: ReadonlyArray<ReadonlyArray<object>> = [
      [{ ...pair().privateKey.export({ format: "jwk" }), kid: "private" }],
      [jwk("one"), { ...pair().privateKey.export({ format: "jwk" }), kid: "private" }],
      [{ ...pair("P-384").publicKey.export({ format: "jwk" }), kid: "longer" }],
      [{ ...generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }), kid: "edwards" }],
      [jwk("one", { use: "sig" })],
      [jwk("one", { alg: "ES256" })],
      [jwk("one"), jwk("one")],
      [jwk("a kid with spaces")],
      [jwk("")],
      [nameless],
      [],
      Array.from({ length: 9 }, (_, i) => jwk(`key-${i}`))
    ]
    for (const keys of refused) assert.isUndefined(setOf(...keys), JSON.stringify(keys))
    for (const text of ["", "billing", "[]", "{}", "null", JSON.stringify(jwk("not-in-a-set"))]) {
      assert.isUndefined(sealingKeysIn(text), text)
    }
  })

  it("are none off the curve, where what is agreed on could be guessed", () => {
    const { x, y } = jwk("one")
    const last = (text: string) => (text.endsWith("A") ? "E" : "A")
    const changed = (text: string) => `${text.slice(0, -1)}${last(text)}`
    const zero = "A".repeat(43)
    const beyond = Buffer.alloc(32, 0xff).toString("base64url")
    for (const point of [{ x: changed(x!) }, { y: changed(y!) }, { x: zero, y: zero }, { x: beyond, y: beyond }]) {
      assert.isUndefined(setOf(jwk("one", { x, y, ...point })), JSON.stringify(point))
    }
    assert.isDefined(setOf(jwk("one", { x, y })))
  })
})
