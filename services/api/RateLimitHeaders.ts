import type { OpenApi } from "effect/http-api"

/** What answers say of the limits, for the OpenAPI document. */
const headers = {
  RateLimit: {
    description:
      "How the request stands with its limits (draft-ietf-httpapi-ratelimit-headers-11): `r` requests may be made now, " +
      "and in `t` seconds there is room for more.",
    schema: { type: "string" },
    example: '"messages";r=2999;t=1, "device";r=599;t=1'
  },
  "RateLimit-Policy": {
    description: "The limits themselves: `q` requests in `w` seconds.",
    schema: { type: "string" },
    example: '"messages";q=3000;w=60, "device";q=600;w=60'
  },
  "Retry-After": {
    description: "Repeat the request after so many seconds.",
    schema: { type: "integer", minimum: 1, maximum: 86_400 }
  }
} as const

const reference = (name: keyof typeof headers) => ({ [name]: { $ref: `#/components/headers/${name}` } })
const standing = { ...reference("RateLimit"), ...reference("RateLimit-Policy") }

/** Limits of a key are told in every answer to it, the others only when they are met. */
const toldAlways = new Set(["messages", "devices"])

export const withRateLimitHeaders = (document: Record<string, unknown>): Record<string, unknown> => {
  const { components, paths } = document as unknown as OpenApi.OpenAPISpec
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    if (!("responses" in operation) || !("tags" in operation)) continue
    const { responses, tags } = operation as OpenApi.OpenAPISpecOperation
    const always = tags.some((tag) => toldAlways.has(tag))
    for (const [status, response] of Object.entries<{ headers?: object }>(responses)) {
      if (status === "429") response.headers = { ...response.headers, ...standing, ...reference("Retry-After") }
      else if (always && status.startsWith("2")) response.headers = { ...response.headers, ...standing }
    }
  }
  return { ...document, components: { ...components, headers } }
}
