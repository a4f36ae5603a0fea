import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { deletedRevision, type Log } from "./Log.ts"
import { invalidPosition } from "./Rpc.ts"

/** What the real server sends for "no position", -1 read as unsigned, and takes for the end. */
export const nowhere = 18_446_744_073_709_551_615n

/** Where to begin in `$all`: `undefined` for the start, past everything for the end. Throws at what is no event's. */
export const positionOf = (
  log: Log,
  all: streams.ReadReq.Options.AllOptions,
  invalid: typeof invalidPosition = invalidPosition
): bigint | undefined => {
  const position = BigInt(all.getPosition()?.getCommitPosition() ?? 0n)
  if (all.hasEnd() || position === nowhere) return log.head() + 1n
  if (!all.hasPosition()) return undefined
  if (position > log.head()) return position > deletedRevision ? deletedRevision : position
  if (position > 0n && log.all(position, position, "forwards", 1).length === 0) throw invalid()
  return position
}
