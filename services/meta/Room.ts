/** Of all bodies that are held at once: most of them before anybody knows who sent them. */
export const mostHeld = 128 * 1024 * 1024

/** The bytes of one body. */
export interface Share {
  /** Whether there is room for so many more. */
  readonly take: (bytes: number) => boolean
  /** Somebody with a secret sent them: they are no stranger's any more. */
  readonly vouch: () => void
  /** Gives back what it took, when all is done with it. */
  readonly release: () => void
}

/**
 * Room for bodies, of all requests together. What one address has there that nobody signed for is never more than what it leaves to
 * all others: so of however many strangers each finds as much as those before it have, and Meta among them.
 */
export const room = (bytes = mostHeld) => {
  let free = bytes
  const strangers = new Map<string, number>()
  const count = (address: string, more: number) => {
    const sum = (strangers.get(address) ?? 0) + more
    if (sum === 0) strangers.delete(address)
    else strangers.set(address, sum)
  }
  return (address: string): Share => {
    let held = 0
    let isVouched = false
    const vouch = () => {
      if (!isVouched) count(address, -held)
      isVouched = true
    }
    return {
      take: (more) => {
        if ((strangers.get(address) ?? 0) + more > free - more) return false
        free -= more
        held += more
        count(address, more)
        return true
      },
      vouch,
      release: () => {
        vouch()
        free += held
        held = 0
      }
    }
  }
}
