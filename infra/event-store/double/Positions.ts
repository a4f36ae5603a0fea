import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { deletedRevision, type Log } from "./Log.ts"
import { invalidPosition } from "./Rpc.ts"

/** Where to begin in `$all`: `undefined` for the start, past everything for the end. Throws at what is no event's. */
export const positionOf = (log: Log, all: streams.ReadReq.Options.AllOptions): bigint | undefined => {
  if (all.hasEnd()) return log.head() + 1n
  if (!all.hasPosition()) return undefined
  const position = BigInt(all.getPosition()!.getCommitPosition())
  if (position > log.head()) return position > deletedRevision ? deletedRevision : position
  if (position > 0n && log.all(position, position, "forwards", 1).length === 0) throw invalidPosition()
  return position
}
