import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { isConsistent } from "#domain/audit/Tree.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { entryLine, firstLine, lastLine } from "#services/cli/AuditExport.ts"
import { verifyExport } from "../verifier/verify.mjs"
import { callerOf, eventually } from "./Homing.ts"
import * as Split from "./Split.ts"
import { describeWith } from "./servers/Installed.ts"

const apiKey = "a-key-for-all-gateways"

interface Head {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly note: string
  readonly keys: ReadonlyArray<string>
}

describeWith("PostgreSQL", "the audit of several gateways", () => {
  it.live("is one tree with one head for each size, whichever of them signs, and though one is killed", () =>
    Effect.gen(function* () {
      const whole = yield* Split.backbones
      const bones = { ...whole, env: { ...whole.env, API_KEY: apiKey } }
      const one = yield* Split.gateway(bones, "gateway", apiKey)
      const two = yield* Split.gateway(bones, "gateway", apiKey)
      const call = { one: callerOf(one.url, apiKey), two: callerOf(two.url, apiKey) }
      const heads: Array<Head> = []
      const look = (of: keyof typeof call) =>
        Effect.map(call[of]("GET", "/v1/audit/head"), ({ body, status }) => {
          if (status !== 200) return 0
          heads.push(body as Head)
          return body.size as number
        })
      const record = (of: keyof typeof call, name: string) =>
        Effect.map(call[of]("POST", "/v1/clients", { name, scopes: ["messages:read"] }), ({ status }) =>
          assert.strictEqual(status, 201)
        )
      for (let i = 0; i < 6; i++) {
        yield* Effect.all([record("one", `one ${i}`), record("two", `two ${i}`)], { concurrency: 2 })
        yield* Effect.all([look("one"), look("two")], { concurrency: 2 })
        yield* Effect.sleep("400 millis")
      }
      yield* one.process.end("SIGKILL")
      yield* record("two", "afterwards")
      const before = heads.at(-1)!.size
      yield* eventually(look("two"), (size) => size > before)

      assert.strictEqual(new Set(heads.map(({ origin }) => origin)).size, 1)
      const bySize = Map.groupBy(heads, ({ size }) => size)
      assert.isAbove(bySize.size, 2)
      for (const [size, signed] of bySize)
        assert.strictEqual(new Set(signed.map(({ note }) => note)).size, 1, `${size}`)
      const newest = heads.at(-1)!
      const tree = ({ root, size }: Head) => ({ size, root: Uint8Array.fromBase64(root) })
      for (const head of heads) {
        const { body } = yield* call.two("GET", `/v1/audit/proofs/consistency?from=${head.size}&to=${newest.size}`)
        const path = body.path.map((hash: string) => Uint8Array.fromBase64(hash))
        assert.isTrue(isConsistent(crypto.sha256, tree(head), tree(newest), path))
      }
      const { body } = yield* call.two("GET", `/v1/audit/entries?limit=${newest.size}`)
      const lines = [firstLine(newest.origin, newest.size), ...body.items.map(entryLine), lastLine(newest.note)]
      const report = yield* Effect.promise(() =>
        verifyExport({
          lines: lines.map((line) => line.trimEnd()),
          heads: heads.map(({ note }) => note),
          keys: newest.keys
        })
      )
      assert.deepStrictEqual([report.verdict, report.entries], ["proven", newest.size])
    })
  )
})
