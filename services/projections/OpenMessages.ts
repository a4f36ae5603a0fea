import { Message, noReport, reportOf } from "#domain/message/Message.ts"
import { type Report, type Status, statusOf } from "#domain/message/Status.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { SealedDocument } from "../messaging/MessageDocument.ts"

type Counted = Pick<SealedDocument, "device" | "recipients" | "reports">
/** With the place of its first event. */
type Open = Counted & { readonly position: bigint }

/** Nobody has said yet what became of it: it waits in a queue, and the reconciler looks after it. */
export const isOpen = (status: Status): boolean => status === "queued" || status === "attempting"

/** The gateway's own conclusion. */
const isGivenUp = ({ code, kind }: Report) => kind === "unknown" && code === noReport

/** The open messages, followed without the rows: a message that was settled never opens again. */
export const make = (count: (device: string, change: number) => void) => {
  const open = new Map<string, Open>()
  /** Of those that were given up without a word of an agent, which may still have one: where they stand. */
  const givenUp = new Map<string, bigint>()
  return {
    /** Whether no agent has said what became of it. */
    isUnanswered: (id: string) => open.has(id) || givenUp.has(id),

    /** Where the oldest unanswered one stands: both are kept in about the log's order. */
    oldest: (): bigint | undefined => {
      const first = open.values().next().value?.position
      return [...givenUp.values()].reduce((lowest, one) => (lowest === undefined || one < lowest ? one : lowest), first)
    },

    add: (id: string, { device, recipients, reports }: Counted, position: bigint) => {
      if (!isOpen(statusOf(reports, recipients))) {
        if (reports.every(isGivenUp)) givenUp.set(id, position)
        return
      }
      if (!open.has(id)) count(device, 1)
      open.set(id, { device, recipients, reports, position })
    },

    follow: (recorded: RecordedEvent) => {
      const id = recorded.stream.slice("message-".length)
      const event = Message.read(recorded)
      if (event.type === "message.queued") {
        const { device, recipients } = event.data
        if (!open.has(id)) count(device, 1) // what is behind it may have failed: then all are followed once more
        open.set(id, { device, recipients, reports: [], position: recorded.position })
        return
      }
      const before = open.get(id)
      if (before === undefined) return void givenUp.delete(id)
      const after = { ...before, reports: [...before.reports, reportOf(event)] }
      if (isOpen(statusOf(after.reports, after.recipients))) open.set(id, after)
      else {
        open.delete(id)
        count(before.device, -1)
        if (after.reports.every(isGivenUp)) givenUp.set(id, before.position)
      }
    }
  }
}
