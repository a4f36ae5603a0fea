import { assert, it } from "@effect/vitest"
import { reportIdOf } from "#domain/Identifiers.ts"
import { fromMillis } from "#domain/Instant.ts"
import { decodeSigned, encodeUnsigned, type Header } from "#domain/wire/Envelope.ts"
import { version4 } from "#domain/wire/Versions.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { headerOf, start } from "../testing/AgentFixture.ts"
import { renewed, validMillis } from "./KeptReports.ts"
import type { Trust } from "./Trust.ts"

const trust = { epoch: "store:1", keyId: "home-2" } as Trust["Service"]
const { reports } = version4
const payload = Uint8Array.of(1, 2, 3)
const kept = (over: Partial<Header> = {}) => ({
  id: reportIdOf(crypto, "command", 1, "step"),
  position: 1n,
  bytes: encodeUnsigned({ header: headerOf(1, { direction: "homing/report/2", keyId: "home-2", ...over }), payload })
})
const headerAfter = (over: Partial<Header>, version = 2) => {
  const report = renewed(trust, reports, version, kept(over), start)
  return report && decodeSigned(report.bytes)!.header
}

it("a kept report leaves as it is, as long as it can", () => {
  const report = kept()
  assert.strictEqual(renewed(trust, reports, 2, report, start), report)
})

it("a kept report leaves under the key, the version and in the time that hold now, and says the same", () => {
  const before = headerOf(1, { direction: "homing/report/2", keyId: "home-2" })
  assert.deepStrictEqual(headerAfter({ keyId: "home-1" }), before)
  assert.deepStrictEqual(headerAfter({}, 1), { ...before, direction: "homing/report/1" })
  assert.deepStrictEqual(headerAfter({ direction: "homing/report/1" }), before)
  assert.deepStrictEqual(headerAfter({ issuedAt: fromMillis(0), expiresAt: fromMillis(start) }), {
    ...before,
    issuedAt: fromMillis(start),
    expiresAt: fromMillis(start + validMillis)
  })
  const report = renewed(trust, reports, 1, kept(), start)!
  assert.deepStrictEqual([report.id, report.position], [kept().id, 1n])
  assert.deepStrictEqual([...decodeSigned(report.bytes)!.payload], [...payload])
})

it("a kept report about another epoch never leaves", () => {
  assert.isUndefined(headerAfter({ epoch: "store:2" }))
  assert.isUndefined(renewed(trust, reports, 2, { ...kept(), bytes: payload }, start))
})
