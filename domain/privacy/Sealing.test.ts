import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { EventId, SubjectId, TenantId } from "../Ids.ts"
import { type CipherKey, Crypto } from "../ports/Crypto.ts"
import { SubjectKeys } from "../ports/SubjectKeys.ts"
import type { Sealed } from "../Sealed.ts"
import { open, type Place, seal } from "./Sealing.ts"

const alice = SubjectId.make("A".repeat(43))
const bob = SubjectId.make("B".repeat(43))
const place: Place = {
  tenant: TenantId.make("default"),
  event: EventId.make("0196f3c0-0000-5000-8000-000000000001"),
  field: "recipient"
}
const keyOf = (seed: number) => crypto.cipherKey(new Uint8Array(32).fill(seed))

/** Subject keys as they are given; what is not among them was destroyed, or `gone` says. */
const holding = (keys: Record<string, CipherKey>, gone: "destroyed" | "missing") =>
  Layer.mergeAll(
    Layer.succeed(Crypto, crypto),
    Layer.succeed(
      SubjectKeys,
      SubjectKeys.of({
        obtain: () => Effect.die("not asked for"),
        find: (tenant, subject, version) => Effect.succeed(keys[`${tenant} ${subject} ${version}`] ?? gone),
        all: (tenant, subject) =>
          Effect.succeed(
            Object.entries(keys).flatMap(([name, key]) => {
              const [ofTenant, ofSubject, version] = name.split(" ")
              return ofTenant === tenant && ofSubject === subject ? [{ version: version!, key }] : []
            })
          ),
        ownership: Effect.die("not asked for"),
        ready: Effect.void,
        claim: () => Effect.die("not asked for"),
        destroy: () => Effect.die("not asked for"),
        forget: () => {}
      })
    )
  )
const keys = { [`default ${alice} 1`]: keyOf(1), [`default ${alice} 2`]: keyOf(2), [`default ${bob} 1`]: keyOf(3) }
const made = seal(crypto, alice, { key: keyOf(1), version: "1" }, place, "+15551234567 😀")
/** As it comes back from a store: not the very object that was made here. */
const sealed = { ...made }

const opened = (
  box: Sealed,
  at = place,
  held: Record<string, CipherKey> = keys,
  gone: "destroyed" | "missing" = "destroyed",
  owner?: SubjectId
) =>
  open(box, at, owner).pipe(
    Effect.catchTag("Unreadable", ({ reason }) => Effect.succeed(`(${reason})`)),
    Effect.provide(holding(held, gone))
  )

describe("what is sealed", () => {
  it.effect("opens in its place, and shows nothing of itself", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* opened(sealed), "+15551234567 😀")
      assert.strictEqual(yield* opened(made), "+15551234567 😀")
      assert.deepStrictEqual([sealed.subject, sealed.key], [alice, "1"])
      assert.notInclude(JSON.stringify(sealed), "5551234567")
      assert.notStrictEqual(seal(crypto, alice, { key: keyOf(1), version: "1" }, place, "x").iv, sealed.iv)
    })
  )

  it.effect("is damaged in any other place", () =>
    Effect.gen(function* () {
      const elsewhere: ReadonlyArray<Place> = [
        { ...place, field: "content" },
        { ...place, event: EventId.make("0196f3c0-0000-5000-8000-000000000002") }
      ]
      for (const at of elsewhere) {
        assert.strictEqual(yield* opened(sealed, at), "(damaged)")
        assert.strictEqual(yield* opened(made, at), "(damaged)")
      }
      const tenant = TenantId.make("other")
      const shared = { ...keys, [`other ${alice} 1`]: keyOf(1) }
      assert.strictEqual(yield* opened(sealed, { ...place, tenant }, shared), "(damaged)")
    })
  )

  it.effect("is damaged under another subject's key or another version, and when it was changed", () =>
    Effect.gen(function* () {
      const bent: ReadonlyArray<Sealed> = [
        { ...sealed, subject: bob },
        { ...sealed, key: "2" },
        { ...sealed, iv: `${sealed.iv[0] === "A" ? "B" : "A"}${sealed.iv.slice(1)}` },
        { ...sealed, box: sealed.box.slice(4) },
        { ...sealed, box: "" },
        { ...sealed, box: "A" }, // no base64 has this length
        { ...sealed, iv: "A" }
      ]
      for (const box of bent) assert.strictEqual(yield* opened(box), "(damaged)")
    })
  )

  it.effect("is damaged when the name of its key was changed, and the key is there", () =>
    Effect.gen(function* () {
      const nobody = SubjectId.make("C".repeat(43))
      const read = (box: Sealed, owner?: SubjectId) => opened(box, place, keys, "missing", owner)
      assert.strictEqual(yield* read({ ...sealed, key: "3" }), "(damaged)")
      assert.strictEqual(yield* read({ ...sealed, subject: nobody }, alice), "(damaged)")
      assert.strictEqual(yield* read({ ...sealed, subject: nobody, key: "3" }, alice), "(damaged)")
      // nothing that is here opens it: whoever it was of, the key is lost
      assert.strictEqual(yield* read({ ...sealed, subject: nobody }), "(key_lost)")
      assert.strictEqual(yield* read({ ...sealed, subject: nobody }, bob), "(key_lost)")
      assert.strictEqual(yield* read({ ...sealed, key: "3", box: made.iv }), "(key_lost)")
    })
  )

  it.effect("is erased with its key", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* opened(sealed, place, {}), "(erased)")
      assert.strictEqual(yield* opened(made, place, {}), "(erased)")
      assert.strictEqual(yield* opened(sealed, place, { [`default ${bob} 1`]: keyOf(1) }), "(erased)")
      assert.strictEqual(yield* opened({ ...sealed, key: "3" }), "(erased)")
    })
  )

  it.effect("is not called erased when nobody destroyed its key", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* opened(sealed, place, {}, "missing"), "(key_lost)")
      assert.strictEqual(yield* opened(made, place, {}, "missing"), "(key_lost)")
    })
  )
})
