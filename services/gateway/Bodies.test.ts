import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Api } from "../api/Api.ts"
import { maxBodyBytes } from "../http/Body.ts"
import { ask, gateway, isProblem } from "../testing/GatewayFixture.ts"

const endpoints = Object.values(Api.groups).flatMap((group) =>
  Object.values(group.endpoints).filter(({ payload }) => payload.size > 0)
)

layer(gateway(), { excludeTestServices: true })("every endpoint that takes a body", (it) => {
  const post = ({ method, path }: (typeof endpoints)[number], body: string, type = "application/json") =>
    ask(method, path.replace(/\/$/, "").replace(/:\w+/g, "nobody"), { body, headers: { "content-type": type } })

  it.effect("reads it strictly", () =>
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
