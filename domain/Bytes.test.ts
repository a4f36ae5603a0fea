import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { base64url, concat, fromBase64url, fromUtf8, hex, lengthPrefixed, utf8 } from "./Bytes.ts"

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe("joined texts", () => {
  it("stand behind their length in bytes", () => {
    assert.strictEqual(text(lengthPrefixed("abc", "", "é😀")), "3:abc0:6:é😀")
    assert.strictEqual(lengthPrefixed().length, 0)
    assert.strictEqual(text(lengthPrefixed("\u0000\u007f\u0080")), "4:\u0000\u007f\u0080")
  })

  it("differ when the lists differ", () => {
    const lists = [
      ["a", "bc"],
      ["ab", "c"],
      ["abc"],
      ["abc", ""],
      ["", "abc"],
      ["a", "b", "c"],
      ["1:a", "bc"],
      ["1:a2:bc"]
    ]
    assert.strictEqual(new Set(lists.map((list) => text(lengthPrefixed(...list)))).size, lists.length)
  })

  it.prop("say where each one ends", [Schema.Array(Schema.String)], ([list]) => {
    const well = list.map((one) => one.toWellFormed()) // what is no Unicode is replaced on the way to bytes
    const bytes = lengthPrefixed(...well)
    const read: Array<string> = []
    for (let at = 0; at < bytes.length; ) {
      const colon = bytes.indexOf(58, at)
      const end = colon + 1 + Number(text(bytes.subarray(at, colon)))
      read.push(text(bytes.subarray(colon + 1, end)))
      at = end
    }
    assert.deepStrictEqual(read, well)
  })
})

describe("bytes and texts", () => {
  it("know what is not UTF-8, and keep a byte order mark", () => {
    assert.strictEqual(fromUtf8(utf8("\ufeffé😀")), "\ufeffé😀")
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      assert.throws(() => fromUtf8(Uint8Array.from(bytes)))
    }
  })

  it("are base64url without padding, and hexadecimal", () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xfe, 0x00)
    assert.strictEqual(base64url(bytes), "-__-AA")
    assert.deepStrictEqual(fromBase64url("-__-AA"), bytes)
    for (const wrong of ["+//+AA", "A", "-__-A*", "ä"]) assert.throws(() => fromBase64url(wrong))
    assert.strictEqual(hex(bytes), "fbfffe00")
  })

  it("are joined in order", () => {
    assert.deepStrictEqual(concat(Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)), Uint8Array.of(1, 2, 3))
    assert.deepStrictEqual(concat(), new Uint8Array(0))
  })
})
