import type streams from "@eventstore/db-client/generated/streams_pb.js"
import { filterOf } from "./Filter.ts"
import { deletedRevision, type Log } from "./Log.ts"
import { nowhere, positionOf } from "./Positions.ts"
import { caughtUpMessage, checkpointMessage, confirmationMessage } from "./ReadMessages.ts"
import type { Subscriber } from "./Subscriber.ts"

/** How many live events wait for a slow client before it is sent back to catching up. */
const liveBuffer = 32
const livePage = 512

/**
 * Every event after a position that fits the filter, then live, with checkpoints.
 * Source: EventStoreDB 24.2.0, `Enumerator.AllSubscriptionFiltered`, oddities included: when the log is shorter than
 * the first interval and nothing in it fits, the first checkpoint is `nowhere`, and no later one is sent.
 */
export const subscribeToAll = async (log: Log, options: streams.ReadReq.Options, subscriber: Subscriber) => {
  const { checkpointInterval, matches, window } = filterOf(options)
  await subscriber.message(confirmationMessage())
  const start = positionOf(log, options.getAll()!)
  /** The last event or checkpoint that was sent. */
  let reached = start
  let lastCheckpoint: bigint | undefined
  let sinceCheckpoint = 0

  const after = (position: bigint, limit: number) => log.all(position + 1n, deletedRevision, "forwards", limit)
  const checkpoint = async (position = nowhere, prepare = position) => {
    if (checkpointInterval === Number.POSITIVE_INFINITY) return
    if (lastCheckpoint !== undefined && position <= lastCheckpoint) return
    lastCheckpoint = position
    await subscriber.message(checkpointMessage(position, prepare))
  }

  /** Returns the position up to which it has looked. */
  const catchUp = async () => {
    let looked = 0
    let from = reached ?? 0n
    for (;;) {
      const page = after(from, window)
      for (const event of page.filter(matches)) {
        await subscriber.event(event)
        reached = event.position
      }
      if (page.length < window) {
        await checkpoint(reached)
        return page.at(-1)?.position ?? from
      }
      looked += page.length
      if (looked >= checkpointInterval) {
        looked %= checkpointInterval
        const stays = reached !== undefined && reached >= from
        reached = stays ? reached : from
        await checkpoint(reached, stays ? reached : 0n)
      }
      from = page.at(-1)!.position
    }
  }

  /** Returns when the client has fallen behind. */
  const live = async (from: bigint) => {
    await subscriber.message(caughtUpMessage())
    let scanned = from
    for (;;) {
      const events = after(scanned, livePage)
      if (events.filter(matches).length > liveBuffer) return checkpoint(reached)
      if (events.length === 0) await subscriber.wait()
      for (const event of events) {
        scanned = event.position
        if (matches(event)) {
          await subscriber.event(event)
          reached = event.position
        }
        sinceCheckpoint += 1
        if (sinceCheckpoint < checkpointInterval) continue
        sinceCheckpoint = 0
        reached = event.position
        await checkpoint(event.position)
      }
    }
  }

  if (start !== undefined && start >= log.head()) await live(start)
  for (;;) await live(await catchUp())
}
