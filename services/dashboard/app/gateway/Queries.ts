import { QueryClient } from "@tanstack/react-query"
import { Refused } from "./Gateway.ts"

const isWorthAnotherTry = (error: Error) =>
  error instanceof Refused && (error.status === 0 || error.status === 429 || error.status >= 502)

/** What was asked, and what was answered. A refusal is no hiccup: asked again, the gateway would refuse again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (failures, error) => failures < 2 && isWorthAnotherTry(error),
      retryDelay: (failures) => 500 * 2 ** failures
    },
    mutations: { retry: false }
  }
})
