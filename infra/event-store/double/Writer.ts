import { checkCommit, noStream } from "./CommitCheck.ts"
import { deletedRevision, type Log, type ProposedEvent } from "./Log.ts"
import { recentIds } from "./RecentIds.ts"
import { metastreamOf, truncatedAt } from "./StreamMetadata.ts"

export type Outcome =
  | { readonly _tag: "Success"; readonly revision: bigint; readonly position: bigint }
  | { readonly _tag: "WrongExpectedVersion"; readonly current: bigint }
  | { readonly _tag: "Deleted" }
  /** A repetition of what is being committed at this moment. The real server drops it: no answer. */
  | { readonly _tag: "Dropped" }

export interface Writer {
  readonly append: (stream: string, expected: bigint, events: ReadonlyArray<ProposedEvent>) => Promise<Outcome>
  /** Hides the stream's events; a later append continues its revisions. */
  readonly softDelete: (stream: string, expected: bigint) => Promise<Outcome>
  /** Ends the stream for ever. */
  readonly tombstone: (stream: string, expected: bigint) => Promise<Outcome>
}

/** Called around every commit with the number of appends in it; may end the process. */
export interface CommitHooks {
  readonly beforeCommit: (appends: number) => void
  readonly afterCommit: (appends: number) => void
}

/** What stands first in every real log. */
const firstMetadata = '{"$maxAge":2592000,"$acl":{"$r":"$ops","$w":[],"$d":[],"$mr":[],"$mw":[]}}'

interface Queued {
  readonly write: () => Outcome
  readonly settle: (outcome: Outcome) => void
}

/** Commits what arrives together at once. A disk that fails ends the process, as it ends the real server. */
export const makeWriter = (log: Log, hooks: CommitHooks): Writer => {
  const recent = recentIds()
  let durable = log.head()
  let queue: Array<Queued> = []

  const flush = () => {
    const batch = queue
    queue = []
    const outcomes = log.commit(
      batch.map(({ write }) => write),
      () => hooks.beforeCommit(batch.length)
    )
    hooks.afterCommit(batch.length)
    durable = log.head()
    for (const [i, { settle }] of batch.entries()) settle(outcomes[i]!)
  }
  const enqueue = (write: () => Outcome) =>
    new Promise<Outcome>((settle) => {
      if (queue.push({ write, settle }) === 1) setImmediate(flush)
    })

  const store = (stream: string, revision: bigint, event: ProposedEvent): Outcome => {
    const position = log.insert(stream, revision, event)
    recent.put(event.eventId, { stream, revision })
    return { _tag: "Success", revision, position }
  }
  const storeMetadata = (stream: string, data: Uint8Array): Outcome =>
    store(metastreamOf(stream), log.lastRevision(metastreamOf(stream)) + 1n, systemEvent("$metadata", data))

  const append = (stream: string, expected: bigint, events: ReadonlyArray<ProposedEvent>): Outcome => {
    const ids = events.map(({ eventId }) => eventId)
    const decision = checkCommit(log, recent, stream, expected, ids)
    if (decision._tag === "Repeated") {
      const { position, revision } = decision
      return position > durable ? { _tag: "Dropped" } : { _tag: "Success", revision, position }
    }
    if (decision._tag !== "Write") return decision
    let last: Outcome = { _tag: "Success", revision: decision.current, position: log.head() }
    for (const [i, event] of events.entries()) last = store(stream, decision.current + 1n + BigInt(i), event)
    if (decision.softDeleted) storeMetadata(stream, truncatedAt(log, stream, decision.current + 1n))
    return last
  }

  /** A deletion has an id of its own, so that it never counts as a repetition. */
  const deletion = (stream: string, expected: bigint, write: () => Outcome) =>
    enqueue(() => {
      const decision = checkCommit(log, recent, stream, expected, [crypto.randomUUID()])
      if (decision._tag === "Write") return write()
      return decision._tag === "Repeated" ? { _tag: "Dropped" } : decision
    })

  if (log.head() === 0n) {
    log.commit([() => storeMetadata("$scavenges", Buffer.from(firstMetadata))], () => {})
    durable = log.head()
  }

  return {
    append: (stream, expected, events) => enqueue(() => append(stream, expected, events)),
    softDelete: (stream, expected) =>
      deletion(stream, expected, () => {
        const none = log.lastRevision(stream) < 0n && log.lastRevision(metastreamOf(stream)) < 0n
        return none
          ? { _tag: "WrongExpectedVersion", current: noStream }
          : storeMetadata(stream, Buffer.from(`{"$tb":${deletedRevision}}`))
      }),
    tombstone: (stream, expected) =>
      deletion(stream, expected, () => store(stream, deletedRevision, systemEvent("$streamDeleted", new Uint8Array())))
  }
}

const systemEvent = (type: string, data: Uint8Array): ProposedEvent => ({
  eventId: crypto.randomUUID(),
  type,
  isJson: data.byteLength > 0,
  data,
  metadata: new Uint8Array()
})
