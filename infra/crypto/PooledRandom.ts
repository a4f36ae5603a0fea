import { randomFillSync } from "node:crypto"

const poolSize = 4_096

/**
 * Random bytes from a pool: asking the system for every few bytes costs more than the bytes.
 * The pool forgets what it hands out, so that keys do not linger in it.
 */
export const pooledRandom = () => {
  const pool = new Uint8Array(poolSize)
  let used = poolSize
  return (bytes: number): Uint8Array => {
    if (bytes > poolSize / 4) return randomFillSync(new Uint8Array(bytes))
    if (used + bytes > poolSize) {
      randomFillSync(pool)
      used = 0
    }
    const random = pool.slice(used, used + bytes)
    pool.fill(0, used, used + bytes)
    used += bytes
    return random
  }
}
