import { readMessageEvent, reportOf } from "#domain/message/Message.ts"
import { type Status, statusOf } from "#domain/message/Status.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { SealedDocument } from "../messaging/MessageDocument.ts"

type Open = Pick<SealedDocument, "device" | "recipients" | "reports">

/** Nobody has said yet what became of it: it waits in a queue, and the reconciler looks after it. */
export const isOpen = (status: Status): boolean => status === "queued" || status === "attempting"

/** The open messages, followed without the rows: a message that was settled never opens again. */
export const make = (count: (device: string, change: number) => void) => {
  const open = new Map<string, Open>()
  return {
    has: (id: string) => open.has(id),

    add: (id: string, { device, recipients, reports }: Open) => {
      if (!open.has(id)) count(device, 1)
      open.set(id, { device, recipients, reports })
    },

    follow: (recorded: RecordedEvent) => {
      const id = recorded.stream.slice("message-".length)
      const event = readMessageEvent(recorded)
      if (event.type === "message.queued.v1") {
        const { device, recipients } = event.data
        if (!open.has(id)) count(device, 1) // what is behind it may have failed: then all are followed once more
        open.set(id, { device, recipients, reports: [] })
        return
      }
      const before = open.get(id)
      if (before === undefined) return
      const after = { ...before, reports: [...before.reports, reportOf(event)] }
      if (isOpen(statusOf(after.reports, after.recipients))) open.set(id, after)
      else if (open.delete(id)) count(before.device, -1)
    }
  }
}
