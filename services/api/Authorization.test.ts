import { assert, it } from "@effect/vitest"
import { Context } from "effect"
import { Api } from "./Api.ts"
import { Authorization, RequiredScope } from "./Authorization.ts"

it("every endpoint that wants a key says for which scope; the others are the probes, and what begins a session with one", () => {
  const open: Array<string> = []
  const unscoped: Array<string> = []
  for (const group of Object.values(Api.groups)) {
    for (const endpoint of Object.values(group.endpoints)) {
      const name = `${endpoint.method} ${endpoint.path}`
      if (!endpoint.middlewares.has(Authorization as never)) open.push(name)
      else if (Context.get(endpoint.annotations, RequiredScope).length === 0) unscoped.push(name)
    }
  }
  assert.deepStrictEqual(unscoped, [])
  assert.deepStrictEqual(open, ["POST /v1/session", "GET /health", "GET /health/ready"])
})
