import type { EventsTable } from "./EventsTable.ts"
import type { ReadPage } from "./LiveTail.ts"

/** Events looked at by one page: bounds the memory of catching up, and how long a page holds the event loop. */
const pageSize = 500

const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

export const pagesOf =
  (table: EventsTable): ReadPage =>
  (categories, after) => {
    const head = max(table.head() ?? 0n, after)
    // what is not about messages is little, and found without looking at them
    if (!categories.includes("message")) {
      const events = table.others(categories, after, pageSize)
      const upTo = events.length < pageSize ? head : events.at(-1)!.position
      return { events, upTo, last: upTo === head }
    }
    const upTo = min(after + BigInt(pageSize), head)
    return { events: table.page(categories, after, upTo), upTo, last: upTo === head }
  }
