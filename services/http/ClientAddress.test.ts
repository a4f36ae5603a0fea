import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { clientAddresses, trustOf } from "./ClientAddress.ts"

const from = (remote: string, trust?: string, forwarded?: string) =>
  clientAddresses(trust === undefined ? undefined : trustOf(trust))({
    remoteAddress: Option.some(remote),
    headers: { "x-forwarded-for": forwarded }
  })

describe("a client's address", () => {
  it("is the connection's, whatever the request says", () => {
    assert.strictEqual(from("192.0.2.1", undefined, "198.51.100.7"), "192.0.2.1")
    assert.strictEqual(from("::ffff:192.0.2.1"), "192.0.2.1")
    assert.isUndefined(clientAddresses(undefined)({ remoteAddress: Option.none(), headers: {} }))
  })

  it("is the network of a subscriber in IPv6", () => {
    for (const same of ["2001:db8:1:2::5", "2001:DB8:1:2:a:b:c:d", "2001:0db8:0001:0002::", "[2001:db8:1:2::9]:443"]) {
      assert.strictEqual(from("127.0.0.1", "1", same), "2001:db8:1:2::/64")
    }
    assert.strictEqual(from("2001:db8:1:3::5"), "2001:db8:1:3::/64")
    assert.strictEqual(from("::1"), "0:0:0:0::/64")
    assert.strictEqual(from("fe80::1%eth0"), "fe80:0:0:0::/64")
  })

  it("is what the last of so many proxies saw", () => {
    const forwarded = "203.0.113.9, 198.51.100.7:4711, 10.0.0.2"
    assert.deepStrictEqual(
      ["0", "1", "2", "3", "9"].map((hops) => from("10.0.0.1", hops, forwarded)),
      ["10.0.0.1", "10.0.0.2", "198.51.100.7", "203.0.113.9", "203.0.113.9"]
    )
    assert.strictEqual(from("10.0.0.1", "1"), "10.0.0.1")
  })

  it("is the first that is no proxy of ours", () => {
    const trust = "10.0.0.0/8, ::1"
    assert.strictEqual(from("::1", trust, "203.0.113.9, 198.51.100.7, 10.0.0.2"), "198.51.100.7")
    assert.strictEqual(from("::ffff:10.9.9.9", trust, "198.51.100.7"), "198.51.100.7")
    assert.strictEqual(from("192.0.2.1", trust, "198.51.100.7"), "192.0.2.1")
    assert.strictEqual(from("10.0.0.1", trust, "10.0.0.3,10.0.0.2"), "10.0.0.3")
  })

  it("stops at what is no address", () => {
    for (const nonsense of ["unknown", "", "1.2.3", "10.0.0.2;evil", "x".repeat(1_000)]) {
      assert.strictEqual(from("10.0.0.1", "3", `198.51.100.7, ${nonsense}, 10.0.0.2`), "10.0.0.2")
    }
  })

  it("trusts nothing that is not written well", () => {
    for (const text of [
      "",
      "all",
      "10.0.0.0/33",
      "::/129",
      "10.0.0",
      "10.0.0.0/8/8",
      "1,2",
      "-1",
      "10.0.0.1 10.0.0.2"
    ]) {
      assert.isUndefined(trustOf(text), text)
    }
  })
})
