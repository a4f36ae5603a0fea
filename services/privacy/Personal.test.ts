import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { defaultTenant, EventId, StreamId, SubjectId } from "#domain/Ids.ts"
import { type CipherKey, Crypto } from "#domain/ports/Crypto.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Log from "../telemetry/Log.ts"
import { Personal } from "./Personal.ts"

const event = EventId.make("0196f3c0-0000-5000-8000-000000000001")
const whose = { stream: StreamId.make("client-one"), subject: SubjectId.make("s".repeat(43)) }
const place = { tenant: defaultTenant, event, field: "name" }

/** Keys in memory, and how often one was asked for. */
const scene = () => {
  const held = new Map<SubjectId, CipherKey>()
  const subjects = { obtained: 0, gone: "destroyed" as "destroyed" | "missing", forget: () => held.clear() }
  const keys = Layer.succeed(
    SubjectKeys,
    SubjectKeys.of({
      obtain: (_, subject) =>
        Effect.sync(() => {
          subjects.obtained++
          const key = held.get(subject) ?? crypto.cipherKey(crypto.random(32))
          held.set(subject, key)
          return { key, version: "1" }
        }),
      find: (_, subject, version) =>
        Effect.sync(() => (version === "1" ? held.get(subject) : undefined) ?? subjects.gone),
      all: (_, subject) =>
        Effect.sync(() => {
          const key = held.get(subject)
          return key === undefined ? [] : [{ key, version: "1" }]
        }),
      ownership: Effect.die("not asked for"),
      ready: Effect.void,
      claim: () => Effect.die("not asked for"),
      destroy: () => Effect.die("not asked for"),
      forget: () => {}
    })
  )
  const provenance = Layer.succeed(Provenance, {
    tenant: defaultTenant,
    region: "test",
    producer: "test",
    pepper: crypto.macKey(new Uint8Array(32).fill(1))
  })
  return { subjects, layer: Personal.layer.pipe(Layer.provide([keys, provenance, Layer.succeed(Crypto, crypto)])) }
}

describe("personal data", () => {
  it.effect("is revealed in its place as it was given; every field of one subject is sealed under one key", () => {
    const { layer, subjects } = scene()
    return Effect.gen(function* () {
      const { reveal, sealFor } = yield* Personal
      const seal = yield* sealFor("phone", "+15551234567")
      const [name, phone] = [seal(event, "name", "Ada 😀"), seal(event, "phone", "+15551234567")]
      assert.strictEqual(yield* reveal({ ...name }, place, whose), "Ada 😀")
      assert.strictEqual(yield* reveal({ ...phone }, { ...place, field: "phone" }, whose), "+15551234567")
      assert.deepStrictEqual([name.subject, subjects.obtained], [phone.subject, 1])
      const other = yield* sealFor("client", "+15551234567")
      assert.notStrictEqual(other(event, "name", "Ada").subject, name.subject)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is absent when it was erased, and when its key is lost, which is told once", () => {
    const lines: Array<string> = []
    const { layer, subjects } = scene()
    return Effect.gen(function* () {
      const { reveal, sealFor } = yield* Personal
      const name = (yield* sealFor("client", "one"))(event, "name", "Ada")
      subjects.forget()
      subjects.gone = "destroyed"
      assert.isUndefined(yield* reveal(name, place, whose))
      assert.deepStrictEqual(lines, [])
      subjects.gone = "missing"
      for (const _ of ["told", "not told again"]) assert.isUndefined(yield* reveal(name, place, whose))
      assert.lengthOf(lines, 1)
      assert.deepInclude(JSON.parse(lines[0]!), { stream: whose.stream, event, field: "name" })
      assert.notInclude(lines[0], "Ada")
    }).pipe(Effect.provide([layer, Log.layer({ level: "info", out: { write: (line) => void lines.push(line) } })]))
  })

  it.effect("is absent when it is damaged, or the name of its key is, which is told once", () => {
    const lines: Array<string> = []
    const { layer, subjects } = scene()
    return Effect.gen(function* () {
      const { reveal, sealFor, subjectOf } = yield* Personal
      const name = (yield* sealFor("client", "one"))(event, "name", "Ada")
      const theirs = { ...whose, subject: name.subject }
      const spoilt: ReadonlyArray<Sealed> = [
        { ...name, box: "" },
        { ...name, key: "2" },
        { ...name, subject: subjectOf("client", "nobody") },
        { ...name, key: "2", subject: subjectOf("client", "nobody") }
      ]
      subjects.gone = "missing"
      for (const sealed of spoilt) assert.isUndefined(yield* reveal(sealed, place, theirs), JSON.stringify(sealed))
      assert.lengthOf(lines, 1)
      const msg = "a field is not what was sealed there; it is shown as absent"
      assert.deepInclude(JSON.parse(lines[0]!), { level: "error", msg, stream: whose.stream, event, field: "name" })
      assert.notInclude(lines[0], "Ada")
    }).pipe(Effect.provide([layer, Log.layer({ level: "info", out: { write: (line) => void lines.push(line) } })]))
  })
})
