import type { Instant } from "#domain/Instant.ts"
import { Message, noReport, reportOf } from "#domain/message/Message.ts"
import { type Report, type Status, statusOf } from "#domain/message/Status.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { SealedDocument } from "./MessageDocument.ts"

type Counted = Pick<SealedDocument, "device" | "recipients" | "reports">
/** Where the message's first event stands, and which one before it was heard of: a position is nothing to calculate with. */
export interface Place {
  readonly position: bigint
  readonly before: bigint | undefined
}
type Open = Counted & { readonly place: Place; readonly since: Instant }

/** Nobody has said yet what became of it: it waits in a queue, and the reconciler looks after it. */
export const isOpen = (status: Status): boolean => status === "queued" || status === "attempting"

/** The gateway's own conclusion. */
const isGivenUp = ({ code, kind }: Report) => kind === "unknown" && code === noReport

/** The open messages, followed without the rows: a message that was settled never opens again. */
export const make = (count: (device: string, change: number) => void) => {
  const open = new Map<string, Open>()
  /** Of those that were given up without a word of an agent, which may still have one: where they stand. */
  const givenUp = new Map<string, Place>()
  let last: bigint | undefined
  return {
    /** Whether no agent has said what became of it. */
    isUnanswered: (id: string) => open.has(id) || givenUp.has(id),

    /** Where the oldest unanswered one stands; the open ones are kept in the log's order. */
    oldest: (): Place | undefined => {
      const first = open.values().next().value?.place
      return [...givenUp.values()].reduce(
        (lowest, one) => (lowest === undefined || one.position < lowest.position ? one : lowest),
        first
      )
    },

    /** Since when the oldest open one waits. */
    waitsSince: (): Instant | undefined => open.values().next().value?.since,

    add: (
      id: string,
      { createdAt: since, device, recipients, reports }: Counted & { readonly createdAt: Instant },
      position: bigint
    ) => {
      if (!isOpen(statusOf(reports, recipients))) {
        if (reports.every(isGivenUp)) givenUp.set(id, { position, before: undefined })
        return
      }
      if (!open.has(id)) count(device, 1)
      open.set(id, { device, recipients, reports, since, place: { position, before: undefined } })
    },

    follow: (recorded: RecordedEvent) => {
      const id = recorded.stream.slice("message-".length)
      const event = Message.read(recorded)
      const before = last !== undefined && last < recorded.position ? last : undefined // it may be told again
      last = recorded.position
      if (event.type === "message.queued") {
        const { device, recipients } = event.data
        if (!open.has(id)) count(device, 1) // what is behind it may have failed: then all are followed once more
        const since = recorded.metadata.occurredAt
        open.set(id, { device, recipients, reports: [], since, place: { position: recorded.position, before } })
        return
      }
      const known = open.get(id)
      if (known === undefined) return void givenUp.delete(id)
      const after = { ...known, reports: [...known.reports, reportOf(event)] }
      if (isOpen(statusOf(after.reports, after.recipients))) open.set(id, after)
      else {
        open.delete(id)
        count(known.device, -1)
        if (after.reports.every(isGivenUp)) givenUp.set(id, known.place)
      }
    }
  }
}
