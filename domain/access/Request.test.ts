import { assert, describe, it } from "@effect/vitest"
import { fold } from "../Decider.ts"
import { specification } from "../testing/Specification.ts"
import { type Accept, Request, type RequestEvent, RequestRejected } from "./Request.ts"

const { given } = specification(Request)
const accept = (contentDigest: string, makes: string): Accept => ({ _tag: "Accept", contentDigest, makes })
const accepted: RequestEvent = { type: "request.accepted", data: { contentDigest: "one", makes: "first" } }

describe("Request", () => {
  it("is accepted once: what it makes stays what it was", () => {
    assert.deepStrictEqual(given().when(accept("one", "first")), [accepted])
    assert.deepStrictEqual(given(accepted).when(accept("one", "second")), [])
    assert.deepInclude(fold(Request, [accepted]), { makes: "first" })
  })

  it("is no other request", () => {
    assert.deepStrictEqual(
      given(accepted).when(accept("two", "second")),
      new RequestRejected({ reason: "other_content" })
    )
  })
})
