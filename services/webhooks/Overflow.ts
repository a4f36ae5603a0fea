import type { EndpointId } from "#domain/Ids.ts"

/**
 * Whether more waits for an endpoint than is kept. What was there when it was enabled, or when this process began, does not
 * count as long as it is there: otherwise it could never be delivered.
 */
export const make = (most: number) => {
  const excused = new Map<EndpointId, number>()
  return (id: EndpointId, pending: number | undefined, isEnabled: boolean): boolean => {
    if (pending === undefined) return false
    const known = excused.get(id) ?? (pending > most ? pending : 0)
    const left = isEnabled ? Math.min(known, pending) : pending
    const isFull = isEnabled && pending > most + left
    excused.set(id, isFull ? pending : left) // it may be enabled again before anybody looks
    return isFull
  }
}
