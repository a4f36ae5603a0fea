import { useQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"

/** Of endpoints and of what is delivered to them nobody is told: pages ask. */
export const useEndpoints = () =>
  useQuery({
    queryKey: ["endpoints"],
    queryFn: ({ signal }) => ask(({ endpoints }) => endpoints.list(), signal),
    refetchInterval: useEvery(false),
    enabled: useMay("webhooks:manage")
  })

/** Of an address that can be read, without what may be a secret in it. */
export const placeOf = (url: string | undefined): string => {
  if (url === undefined) return "not readable"
  try {
    const { host, pathname } = new URL(url)
    return `${host}${pathname === "/" ? "" : pathname}`
  } catch {
    return url
  }
}
