import { useMutation } from "@tanstack/react-query"
import { queries } from "./Queries.ts"

/** Does something, and asks again for what it may have changed, by the first words under which answers are kept. */
export const useActing = <V, A>(does: (asked: V) => Promise<A>, touches: ReadonlyArray<string>) =>
  useMutation({
    mutationFn: does,
    onSuccess: () => queries.invalidateQueries({ predicate: ({ queryKey }) => touches.includes(String(queryKey[0])) })
  })

/** Names a request, so that one that is sent twice is done once. */
export const newKey = (): { readonly "idempotency-key": string } => ({
  "idempotency-key": `dashboard-${crypto.getRandomValues(new Uint8Array(12)).toHex()}`
})
