import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callerOf, eventually } from "./Homing.ts"
import { changed, message, post, secret } from "./MetaFixture.ts"
import * as Split from "./Split.ts"
import { describeWith } from "./servers/Installed.ts"

const apiKey = "a-key-for-all-gateways"

describeWith("PostgreSQL", "what Meta tells to several gateways", () => {
  it.live("is each fact once, whichever of them it was told, and though one is killed that had the work", () =>
    Effect.gen(function* () {
      const whole = yield* Split.backbones
      const bones = { ...whole, env: { ...whole.env, API_KEY: apiKey, META_APP_SECRET: secret } }
      const one = yield* Split.gateway(bones, "gateway", apiKey)
      const two = yield* Split.gateway(bones, "gateway", apiKey)
      const of = (part: string) =>
        Array.from({ length: 10 }, (_, n) =>
          Array.from({ length: 10 }, (_, i) => message(`${part}.${n}.${i}`, `no. ${i}`, `1555000${1000 + i}`))
        )
      /** Each to both of them, as Meta repeats what it has no answer for. */
      const tell = (part: string, urls: ReadonlyArray<string>) =>
        Effect.forEach(
          of(part).flatMap((messages) => urls.map((url) => [url, JSON.stringify(changed({ messages }))] as const)),
          ([url, body]) => Effect.map(post(url, body), ({ status }) => assert.strictEqual(status, 200)),
          { concurrency: 4, discard: true }
        )
      const told = Effect.map(
        callerOf(two.url, apiKey)("GET", "/v1/events?types=homing.meta.message.v1&limit=500"),
        ({ body }) =>
          (
            body.items as ReadonlyArray<{
              readonly data: { readonly change: { readonly entry: ReadonlyArray<never> } }
            }>
          ).map(({ data }) => JSON.stringify(data.change).match(/wamid\.([\w.]+)/)![1]!)
      )
      yield* tell("both", [one.url, two.url])
      yield* Effect.raceFirst(
        tell("first", [one.url]),
        eventually(told, ({ length }) => length >= 110)
      )
      yield* one.process.end("SIGKILL")
      yield* tell("second", [two.url])
      const awaited = ["both", "second"].flatMap((part) => of(part).flat()).map(({ id }) => id.slice("wamid.".length))
      const all = yield* eventually(told, (ids) => awaited.every((id) => ids.includes(id)))
      assert.strictEqual(new Set(all).size, all.length)
    })
  )
})
