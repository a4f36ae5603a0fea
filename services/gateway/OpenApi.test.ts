import { assert, layer } from "@effect/vitest"
import { createConfig, lintFromString } from "@redocly/openapi-core"
import { Effect } from "effect"
import { Api } from "../api/Api.ts"
import { errorCodes } from "../api/ErrorCodes.ts"
import { ask, gateway } from "../testing/GatewayFixture.ts"

interface Operation {
  readonly operationId: string
  readonly security: ReadonlyArray<object>
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string }>
  readonly responses: Record<string, { readonly content?: Record<string, unknown>; readonly headers?: object }>
}
interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly schemas: Record<string, unknown>
    readonly securitySchemes: object
    readonly headers: object
  }
}

layer(gateway(), { excludeTestServices: true })("/openapi.json", (it) => {
  const document = Effect.map(ask("GET", "/openapi.json", { key: "" }), ({ json }) => json as Document)

  it.effect("is OpenAPI 3.1 and holds every route, once", () =>
    Effect.gen(function* () {
      const { openapi, paths } = yield* document
      assert.match(openapi, /^3\.1\./)
      const written = Object.entries(paths).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method} ${path}`)
      )
      const declared = Object.values(Api.groups).flatMap((group) =>
        Object.values(group.endpoints).map(
          ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`
        )
      )
      assert.sameMembers(written, declared)
      assert.isAbove(declared.length, 14)
    })
  )

  it.effect("names only what it defines", () =>
    Effect.gen(function* () {
      const found = yield* document
      const text = JSON.stringify(found)
      for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
        assert.property(found.components.schemas, name!)
      }
      for (const [path, item] of Object.entries(found.paths)) {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        for (const { parameters } of Object.values(item)) {
          assert.deepStrictEqual(
            parameters.filter((one) => one.in === "path").map(({ name }) => name),
            inPath as Array<string>
          )
        }
      }
    })
  )

  it.effect("says how to present a key, wherever one is needed", () =>
    Effect.gen(function* () {
      const { components, paths } = yield* document
      assert.hasAllKeys(components.securitySchemes, ["bearer", "apiKey"])
      for (const [path, item] of Object.entries(paths)) {
        for (const operation of Object.values(item)) {
          const open = path === "/health" || path === "/health/ready"
          assert.deepStrictEqual(operation.security, open ? [] : [{ bearer: [] }, { apiKey: [] }], path)
        }
      }
    })
  )

  it.effect("says what answers tell of the limits", () =>
    Effect.gen(function* () {
      const { components, paths } = yield* document
      const standing = ["RateLimit", "RateLimit-Policy"]
      assert.containsAllKeys(components.headers, [...standing, "Retry-After"])
      for (const [path, item] of Object.entries(paths)) {
        for (const { responses } of Object.values(item)) {
          if (path === "/health" || path === "/health/ready") assert.notProperty(responses, "429")
          else assert.containsAllKeys(responses["429"]?.headers, [...standing, "Retry-After"], path)
        }
      }
      for (const path of ["/v1/messages", "/v1/devices"]) {
        assert.containsAllKeys(paths[path]?.get?.responses["200"]?.headers, standing)
      }
      const sent = paths["/v1/messages"]?.post?.responses["201"]?.headers
      assert.containsAllKeys(sent, [...standing, "location", "idempotency-key"])
    })
  )

  it.effect("declares problems as problems, under codes that exist", () =>
    Effect.gen(function* () {
      const { components, paths } = yield* document
      for (const item of Object.values(paths)) {
        for (const { responses } of Object.values(item)) {
          for (const [status, { content = {} }] of Object.entries(responses)) {
            if (Number(status) >= 400) assert.deepStrictEqual(Object.keys(content), ["application/problem+json"])
          }
        }
      }
      for (const name of Object.keys(components.schemas)) {
        if (name.startsWith("problem.")) assert.property(errorCodes, name.slice("problem.".length))
      }
      const send = paths["/v1/messages"]!.post!.responses
      assert.containsAllKeys(send, ["200", "201", "202", "401", "403", "404", "409", "413", "415", "422", "429", "503"])
    })
  )

  it.effect("is found good by a linter, but for probes, which refuse nobody", () =>
    Effect.gen(function* () {
      const { text } = yield* ask("GET", "/openapi.json", { key: "" })
      const found = yield* Effect.promise(async () =>
        lintFromString({
          source: text,
          absoluteRef: "openapi.json",
          // content is one of a list of kinds, which may have one member
          config: await createConfig({
            extends: ["recommended-strict"],
            rules: { "no-illogical-composition-keywords": "off" }
          })
        })
      )
      assert.deepStrictEqual(
        found.map(({ location, ruleId }) => `${ruleId}: ${location[0]?.pointer}`),
        ["~1health", "~1health~1ready"].map((path) => `operation-4xx-response: #/paths/${path}/get/responses`)
      )
    })
  )
})
