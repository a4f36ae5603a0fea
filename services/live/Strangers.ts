/** How many connections may be about to say whose they are. */
export interface Options {
  readonly most: number
  readonly mostPerAddress: number
  /** In milliseconds, of a clock that only goes on. */
  readonly now?: () => number
}

interface Stranger {
  readonly address: string
  readonly send: () => void
  readonly since: number
}

/** Whoever means to say a key has said it by then. */
const patienceMillis = 1_000

/**
 * Places for those who have not said their key yet: none of them is a client's, and each is held for seconds. When all are
 * taken, whoever has waited longest of the address that has most of them makes room, so that no few addresses keep the
 * others out. Where none has more than another, as of many addresses that have one each, it is whoever has waited longest of
 * all, if that is longer than anybody needs: so not even many keep the others out.
 */
export const make = ({ most, mostPerAddress, now = () => performance.now() }: Options) => {
  const byAddress = new Map<string, Set<Stranger>>()
  let count = 0

  const leave = (stranger: Stranger) => {
    const others = byAddress.get(stranger.address)
    if (others?.delete(stranger) !== true) return
    count--
    if (others.size === 0) byAddress.delete(stranger.address)
  }
  /** Of as many the one whose first has waited longest. */
  const mostCrowded = () =>
    [...byAddress.values()].reduce((found, one) =>
      one.size > found.size || (one.size === found.size && firstOf(one).since < firstOf(found).since) ? one : found
    )
  const firstOf = ([first]: Set<Stranger>) => first!

  return {
    count: () => count,
    /** Answers how to leave, or that there is no room. `send`: how to make it go. */
    enter: (address: string, send: () => void): (() => void) | undefined => {
      const own = byAddress.get(address)
      if (most === 0 || (own?.size ?? 0) >= mostPerAddress) return undefined
      if (count >= most) {
        const crowd = mostCrowded()
        const longest = firstOf(crowd)
        // it would come to the same, unless nobody comes to an end there
        const isFair = crowd.size <= (own?.size ?? 0) + 1
        if (crowd.size <= (own?.size ?? 0) || (isFair && now() - longest.since < patienceMillis)) return undefined
        leave(longest)
        longest.send()
      }
      const stranger = { address, send, since: now() }
      byAddress.set(address, (byAddress.get(address) ?? new Set()).add(stranger))
      count++
      return () => leave(stranger)
    }
  }
}
