import { useInfiniteQuery } from "@tanstack/react-query"
import type { Effect } from "effect"
import { ask, type Client } from "./Gateway.ts"

interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** The `after` of the next page; `null` on the last. */
  readonly next: string | null
}

interface Paging {
  readonly limit: number
  readonly after?: string
}

/** A list that is answered page by page. `every`: after how many milliseconds what is shown of it is asked for again. */
export const usePaged = <A, E>(
  key: ReadonlyArray<unknown>,
  page: (client: Client, paging: Paging) => Effect.Effect<Page<A>, E>,
  every: number
) =>
  useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      ask((client) => page(client, { limit: 50, ...(pageParam && { after: pageParam }) }), signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: every
  })

export type Paged<A> = ReturnType<typeof usePaged<A, never>>
