import { lru } from "#domain/Lru.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"

const capacity = 512

/** Events that were just recorded, by their id: what is delivered at once is not read again, for however many endpoints. */
export const make = () => lru<RecordedEvent>(capacity)
export type Recent = ReturnType<typeof make>
