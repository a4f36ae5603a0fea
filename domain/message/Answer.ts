import type { DeviceId, EventId, SubjectId } from "../Ids.ts"

/** What a report answers to, as its signer names it. */
export interface Answer {
  readonly command: string
  readonly device: string
  readonly subject: string
}

/** What was asked for: the same, of the message. */
export interface Asked {
  /** The id of `message.queued`, and of the agent command that follows from it. */
  readonly command: EventId | undefined
  readonly device: DeviceId
  /** Whom it is for. */
  readonly subject: SubjectId
  /** Whose receipts count. */
  readonly recipients: ReadonlyArray<SubjectId>
}

/**
 * What of it is another's; `undefined` when it answers what was asked for. `recipient`: whose device has it, if it says so.
 * Whoever records and whoever verifies goes by this one, so nothing is recorded that its own evidence would refute.
 */
export const astray = (
  { command, device, subject }: Answer,
  recipient: SubjectId | undefined,
  asked: Asked
): "other_command" | "other_device" | "other_recipient" | undefined => {
  if (command !== asked.command) return "other_command"
  if (device !== asked.device) return "other_device"
  const isForAnother = subject !== asked.subject || (recipient !== undefined && !asked.recipients.includes(recipient))
  return isForAnother ? "other_recipient" : undefined
}
