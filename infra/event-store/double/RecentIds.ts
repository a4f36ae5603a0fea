export interface Place {
  readonly stream: string
  readonly revision: bigint
}

/** Of an id in several places, only the first is known. */
export interface RecentIds {
  readonly get: (eventId: string) => Place | undefined
  readonly put: (eventId: string, place: Place) => void
}

/** The real one holds 8 MiB of them: an id is known after 100,000 others and forgotten after 150,000. */
const limit = 131_072

/** Empty at every start: what was appended at `any` before is then appended again. */
export const recentIds = (): RecentIds => {
  const places = new Map<string, Place>()
  return {
    get: (eventId) => places.get(eventId),
    put: (eventId, place) => {
      if (!places.has(eventId)) places.set(eventId, place)
      if (places.size > limit) places.delete(places.keys().next().value!)
    }
  }
}
