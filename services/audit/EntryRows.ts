import { Effect, Exit, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { categories } from "#domain/Aggregates.ts"
import { hex } from "#domain/Bytes.ts"
import { Later } from "#domain/Later.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { entryText } from "./Entry.ts"
import * as TreeRows from "./TreeRows.ts"

/**
 * What the log holds at a place, and beside it what the tree holds there. Neither is made from the other: whoever compares
 * them sees which one was changed.
 */
export interface Entry {
  readonly index: number
  /** Absent where the log ends before. */
  readonly entry: string | null
  /** The hash of the leaf and the link of the chain, 64 hexadecimal digits each; absent where the tree ends before. */
  readonly leaf: string | null
  readonly link: string | null
}

export const make = Effect.gen(function* () {
  const { sha256 } = yield* Crypto
  const sql = yield* SqlClient.SqlClient
  const store = yield* EventStore

  /** At most so many events behind a position, of those that there are. */
  const logFrom = Effect.fnUntraced(function* (after: bigint | undefined, most: number) {
    const head = yield* store.head
    if (head === undefined || (after !== undefined && after >= head)) return []
    const over = new Later<void>()
    const passed = (position: bigint) => void (position >= head && over.tell(Exit.void))
    return yield* store.subscribe({ categories, after, passed }).pipe(
      Stream.takeUntil(({ position }) => position >= head),
      Stream.take(most),
      Stream.interruptWhen(over.told),
      Stream.runCollect
    )
  })

  /** Those from `start` up to and without `end`, in the log's order. */
  return Effect.fnUntraced(function* (start: number, end: number) {
    const { noted, position } = yield* TreeRows.leavesFrom(sql, sha256, start, end)
    const events = yield* logFrom(position, end - start)
    return Array.from({ length: end - start }, (_, i): Entry => {
      const [event, one] = [events[i], noted[i]]
      return {
        index: start + i,
        entry: event === undefined ? null : entryText(event),
        leaf: one === undefined ? null : hex(one.leaf),
        link: one === undefined ? null : hex(one.link)
      }
    }).filter(({ entry, leaf }) => entry !== null || leaf !== null)
  })
})
