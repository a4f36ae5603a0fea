import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { deletedRevision, type Log } from "./Log.ts"
import { nameOf } from "./Proposal.ts"
import { caughtUpMessage, confirmationMessage } from "./ReadMessages.ts"
import { streamDeleted } from "./Rpc.ts"
import { visible } from "./StreamMetadata.ts"
import type { Subscriber } from "./Subscriber.ts"

const pageSize = 32

/** A stream's events after a revision, then live. A stream that does not exist is waited for; a tombstone ends it. */
export const subscribeToStream = async (log: Log, options: streams.ReadReq.Options, subscriber: Subscriber) => {
  const target = options.getStream()!
  const stream = nameOf(target.getStreamIdentifier())
  if (log.lastRevision(stream) === deletedRevision) throw streamDeleted(stream)
  const start = target.hasRevision() ? BigInt(target.getRevision()) : target.hasEnd() ? log.lastRevision(stream) : -1n
  await subscriber.message(confirmationMessage())
  let sent = start
  let live = false
  for (;;) {
    const { firstRevision, softDeleted } = visible(log, stream)
    const from = sent + 1n > firstRevision ? sent + 1n : firstRevision
    const events = softDeleted ? [] : log.stream(stream, from, deletedRevision, "forwards", pageSize)
    for (const event of events) {
      await subscriber.event(event)
      sent = event.revision
      if (event.revision === deletedRevision) throw streamDeleted(stream)
    }
    if (events.length > 0) continue
    if (!live) {
      live = true
      await subscriber.message(caughtUpMessage())
      continue // something may have been committed while the message left
    }
    await subscriber.wait()
  }
}
