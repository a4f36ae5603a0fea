import { assert, describe, it } from "@effect/vitest"
import { room } from "./Room.ts"

describe("Room", () => {
  it("leaves to everybody else what it gives to a stranger", () => {
    const shareOf = room(1_024)
    const held = ["a", "b", "c", "d"].map((address) => {
      let bytes = 0
      while (shareOf(address).take(1)) bytes++ // bodies without end, none of them signed
      return bytes
    })
    assert.deepStrictEqual(held, [512, 256, 128, 64])
    assert.isTrue(shareOf("meta").take(32))
  })

  it("is all for what is signed, and all there again in the end", () => {
    const shareOf = room(1_024)
    const shares = Array.from({ length: 9 }, () => shareOf("meta"))
    for (const share of shares) {
      assert.isTrue(share.take(100))
      share.vouch()
    }
    assert.isFalse(shareOf("meta").take(63))
    assert.isTrue(shareOf("meta").take(62))
    for (const share of shares) {
      share.release()
      share.release()
    }
    assert.isTrue(shareOf("somebody").take(481))
  })

  it("holds nothing against an address that gave all back", () => {
    const shareOf = room(1_024)
    for (let n = 0; n < 100; n++) {
      const share = shareOf("a")
      assert.isTrue(share.take(512))
      share.release()
    }
  })
})
