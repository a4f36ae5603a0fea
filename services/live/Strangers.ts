/** How many connections may be about to say whose they are. */
export interface Options {
  readonly most: number
  readonly mostPerAddress: number
}

interface Stranger {
  readonly address: string
  readonly send: () => void
}

/**
 * Places for those who have not said their key yet: none of them is a client's, and each is held for seconds. When all are
 * taken, whoever has waited longest of the address that has most of them makes room, so that no few addresses keep the
 * others out.
 */
export const make = ({ most, mostPerAddress }: Options) => {
  const byAddress = new Map<string, Set<Stranger>>()
  let count = 0

  const leave = (stranger: Stranger) => {
    const others = byAddress.get(stranger.address)
    if (others?.delete(stranger) !== true) return
    count--
    if (others.size === 0) byAddress.delete(stranger.address)
  }
  const mostCrowded = () => [...byAddress.values()].reduce((found, one) => (one.size > found.size ? one : found))

  return {
    count: () => count,
    /** Answers how to leave, or that there is no room. `send`: how to make it go. */
    enter: (address: string, send: () => void): (() => void) | undefined => {
      const own = byAddress.get(address)
      if (most === 0 || (own?.size ?? 0) >= mostPerAddress) return undefined
      if (count >= most) {
        const crowd = mostCrowded()
        if (crowd.size <= (own?.size ?? 0) + 1) return undefined // it would come to the same
        const [longest] = crowd
        leave(longest!)
        longest!.send()
      }
      const stranger = { address, send }
      byAddress.set(address, (byAddress.get(address) ?? new Set()).add(stranger))
      count++
      return () => leave(stranger)
    }
  }
}
