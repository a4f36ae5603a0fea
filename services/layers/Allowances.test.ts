import { assert, it } from "@effect/vitest"
import { allowancesOf } from "./Allowances.ts"

it("reads names, addresses and networks, each with a port or without", () => {
  assert.deepStrictEqual(allowancesOf("loopback:3000, Private,public"), [
    { range: "loopback", port: 3000 },
    { range: "private", port: undefined },
    { range: "public", port: undefined }
  ])
  const network = (address: string, bits: number, port?: number) => [{ range: { address, bits }, port }]
  for (const [text, allowances] of [
    ["10.1.0.0/16", network("10.1.0.0", 16)],
    ["10.1.2.3", network("10.1.2.3", 32)],
    ["10.1.2.3:8080", network("10.1.2.3", 32, 8080)],
    ["10.1.0.0/16:8080", network("10.1.0.0", 16, 8080)],
    ["fd12::/16", network("fd12::", 16)],
    ["FD12::1", network("FD12::1", 128)],
    ["fd12::/16:8080", network("fd12::", 16, 8080)],
    ["[fd12::1]:8080", network("fd12::1", 128, 8080)],
    ["[fd12::]/16:8080", network("fd12::", 16, 8080)],
    ["::/0", network("::", 0)]
  ] as const) {
    assert.deepStrictEqual(allowancesOf(text), allowances, text)
  }
})

it("reads nothing else, as what is half understood would allow too much", () => {
  for (const text of [
    "",
    "loopback,",
    "everything",
    "loopback:0",
    "loopback:65536",
    "loopback:",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "010.0.0.1",
    "10.0.0.256",
    "[10.0.0.1]",
    "fd12::/129",
    "[fd12::1",
    "fd12::1]",
    "fe80::1%eth0",
    "hooks.example",
    "http://10.0.0.1",
    "loopback private"
  ]) {
    assert.isUndefined(allowancesOf(text), text)
  }
})
