const deepest = 16

/**
 * RFC 8785 (canonical) JSON of a value whose members stand in its order already, as those do that this program makes: it is
 * what `JSON.stringify` writes, for a tenth of the price of sorting. `undefined` for everything else, also for what JSON
 * cannot say.
 */
export const orderedJson = (value: unknown): string | undefined => {
  if (!isInOrder(value, 0)) return undefined
  const text = JSON.stringify(value)
  return text.includes("\\ud") ? undefined : text // perhaps a lone surrogate, which is not JSON
}

/** Plain JSON whose members are sorted by UTF-16 code units, all the way down. */
const isInOrder = (value: unknown, depth: number): boolean => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || depth === deepest) return false
  if (Array.isArray(value)) return value.every((item) => isInOrder(item, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let before = ""
  for (const key of Object.keys(value)) {
    if (key < before || !isInOrder((value as Record<string, unknown>)[key], depth + 1)) return false
    before = key
  }
  return true
}
