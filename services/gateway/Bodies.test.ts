import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Api } from "../api/Api.ts"
import { maxBodyBytes } from "../http/Body.ts"
import { ask, gateway, isProblem } from "../testing/GatewayFixture.ts"

const all = Object.values(Api.groups).flatMap((group) => Object.values(group.endpoints))
const endpoints = all.filter(({ payload }) => payload.size > 0)

layer(gateway(), { excludeTestServices: true })("a body", (it) => {
  const post = ({ method, path }: (typeof endpoints)[number], body: string, type = "application/json") =>
    ask(method, path.replace(/\/$/, "").replace(/:\w+/g, "nobody"), { body, headers: { "content-type": type } })

  it.effect("says nothing that would not be read, where none is taken", () =>
    Effect.gen(function* () {
      const bare = all.filter(({ method, payload }) => method !== "GET" && payload.size === 0)
      assert.isAtLeast(bare.length, 10)
      for (const endpoint of bare) {
        const unread = yield* post(endpoint, '{"force":true}')
        isProblem(unread, "invalid_request")
        assert.match(JSON.stringify(unread.json.errors), /no body, or no members/)
        isProblem(yield* post(endpoint, "force", "text/plain"), "unsupported_media_type")
        const { status } = yield* post(endpoint, "{}")
        const isMade = endpoint.path === "/v1/session/links" && status === 201 // it is of whoever asks
        assert.isTrue(status === 404 || status === 500 || isMade, endpoint.path) // it is looked for, as far as there is anything behind it here
      }
    })
  )

  it.effect("is read strictly wherever one is taken", () =>
    Effect.gen(function* () {
      assert.isAtLeast(endpoints.length, 6)
      for (const endpoint of endpoints) {
        isProblem(yield* post(endpoint, "{}", "text/plain"), "unsupported_media_type")
        isProblem(yield* post(endpoint, "x".repeat(maxBodyBytes + 1)), "payload_too_large")
        if (endpoint.path === "/v1/routes/explain") continue // in Meta's words, read as Meta's are
        isProblem(yield* post(endpoint, '{"name":"a","name":"b"}'), "bad_request")
        const unknown = yield* post(endpoint, '{"nobody-knows-this":1}')
        isProblem(unknown, "invalid_request")
        assert.match(JSON.stringify(unknown.json.errors), /no members but/)
      }
    })
  )
})
