import { ask, type Load, load, type Server } from "./Processes.ts"

/** Ten thousand people who all write at once, each a message, each another number; then as many others. */
export const people = 10_000
const connections = 128
const mostSeconds = 120

interface Crowd extends Load {
  /** Resident when the last of them was taken apart. */
  readonly rssMb: number
  readonly splitSeconds: number
}

/** What a crowd costs, and whether anything of it stays: the second is to need hardly more memory than the first. */
export const measure = async (
  product: Server,
  { path, secret, taken }: { readonly path: string; readonly secret: string; readonly taken: () => Promise<void> }
) => {
  const before = (await ask(product)).rssMb
  const crowd = async (nth: number): Promise<Crowd> => {
    const asked = { path, secret, updates: 1, people, atMost: people, first: nth * people }
    const begun = performance.now()
    const answered = await load(product.port, connections, mostSeconds, asked, "load-webhooks.ts")
    await taken()
    return {
      ...answered,
      splitSeconds: (performance.now() - begun) / 1_000,
      rssMb: (await ask(product)).rssMb
    }
  }
  return { beforeMb: before, crowds: [await crowd(1), await crowd(2), await crowd(3)] }
}
