import type { OpenApi } from "effect/http-api"

/** How a key is presented, for the OpenAPI document. */
const schemes = {
  bearer: { type: "http", scheme: "bearer", description: "The API key, as `Authorization: Bearer <key>`." },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The API key in a header of its own." }
} as const

/** Every operation that may answer `unauthorized` asks for a key, in either way. */
export const withSecurity = (document: Record<string, unknown>): Record<string, unknown> => {
  const { components, paths } = document as unknown as OpenApi.OpenAPISpec
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
    if ("responses" in operation && "401" in operation.responses) operation.security = [{ bearer: [] }, { apiKey: [] }]
  }
  return { ...document, components: { ...components, securitySchemes: schemes } }
}
