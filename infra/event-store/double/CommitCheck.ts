import { deletedRevision, type Log } from "./Log.ts"
import type { RecentIds } from "./RecentIds.ts"
import { metastreamOf, visible } from "./StreamMetadata.ts"

/** Expected revisions as the server writes them: 0n and above are exact. */
export const noStream = -1n
export const any = -2n
export const streamExists = -4n

export type Decision =
  | { readonly _tag: "Write"; readonly current: bigint; readonly softDeleted: boolean }
  /** Written before under the same ids: here is the last of them. */
  | { readonly _tag: "Repeated"; readonly revision: bigint; readonly position: bigint }
  | { readonly _tag: "WrongExpectedVersion"; readonly current: bigint }
  | { readonly _tag: "Deleted" }

/**
 * Whether these ids may be appended. Only exact revisions and `noStream` are compared with the log; `any` and
 * `streamExists` rest on what is remembered.
 * Source: EventStoreDB 24.2.0, `IndexWriter.CheckCommit`, branch by branch.
 */
export const checkCommit = (
  log: Log,
  recent: Pick<RecentIds, "get">,
  stream: string,
  expected: bigint,
  eventIds: ReadonlyArray<string>
): Decision => {
  const current = log.lastRevision(stream)
  if (current === deletedRevision) return { _tag: "Deleted" }
  const wrong: Decision = { _tag: "WrongExpectedVersion", current }
  const { softDeleted } = visible(log, stream)

  if (expected === streamExists) {
    if (softDeleted) return { _tag: "Deleted" }
    if (current < 0n && log.lastRevision(metastreamOf(stream)) < 0n) return wrong
  }

  if (expected === any || expected === streamExists) {
    const known = eventIds.map((id) => recent.get(id)).map((at) => (at?.stream === stream ? at.revision : undefined))
    if (known[0] === undefined) return { _tag: "Write", current, softDeleted }
    const last = known.every((revision) => revision !== undefined) ? log.at(stream, known.at(-1)!) : undefined
    return last === undefined ? wrong : { _tag: "Repeated", revision: last.revision, position: last.position }
  }

  if (expected < current) {
    const before = eventIds.map((_, i) => log.at(stream, expected + 1n + BigInt(i)))
    const first = before.findIndex((event, i) => event?.eventId !== eventIds[i])
    if (first === -1 && before.length > 0) {
      const { position, revision } = before.at(-1)!
      return { _tag: "Repeated", revision, position }
    }
    return first === 0 && expected === noStream && softDeleted ? { _tag: "Write", current, softDeleted } : wrong
  }

  return expected > current ? wrong : { _tag: "Write", current, softDeleted }
}
