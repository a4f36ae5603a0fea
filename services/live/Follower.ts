import { matches } from "../events/Feed.ts"
import type { Understood } from "../events/Filter.ts"
import type { About } from "../events/PublicEvents.ts"
import type { Frame } from "./Frame.ts"
import type { Outlet } from "./Outlet.ts"

/** A place in the log; `undefined`: before all of it. */
export type Place = bigint | undefined

export const isBehind = (place: Place, other: Place): boolean =>
  other !== undefined && (place === undefined || place < other)

/** Whoever is given more than his connection takes is behind, and reads on when it has drained. */
const mostPendingBytes = 1024 * 1024

export interface Follower {
  readonly asked: Understood
  readonly outlet: Pick<Outlet, "drained" | "give" | "pendingBytes">
  /** Up to here all that is wanted was given. */
  after: Place
}

export const wants = ({ after, asked }: Follower, position: bigint, found: About | undefined): boolean =>
  isBehind(after, position) && matches(asked, found)

export const isFull = ({ outlet }: Follower): boolean => outlet.pendingBytes() > mostPendingBytes

export const give = (follower: Follower, position: bigint, frame: Frame): void => {
  follower.after = position
  follower.outlet.give(frame)
}
