/**
 * Every code of ours on a message that failed, or of which nobody knows what became, with a sentence on it. WhatsApp's
 * own codes, which are numbers, pass as they are.
 */
export const messageCodes = {
  recipient_not_on_whatsapp: "WhatsApp knows no account with this number.",
  not_paired: "The device is not linked to a WhatsApp account.",
  not_connected: "The device was not connected to WhatsApp.",
  lookup_failed: "WhatsApp did not say whether it knows the number.",
  encryption_failed: "The message could not be encrypted for any device of the recipient.",
  time_unknown: "The agent did not know the gateway's time.",
  ack_timeout: "WhatsApp did not acknowledge the message in time.",
  connection_lost: "The connection was lost before WhatsApp acknowledged the message.",
  send_failed: "The try to send broke off.",
  interrupted: "The agent ended during the try to send.",
  no_report: "The message's time is over, and no agent has reported on it.",
  key_lost: "The message cannot be read any more: its key is lost.",
  erased: "The recipient's data was erased before the message was sent.",
  damaged: "The message cannot be read any more: its record is damaged.",
  device_unlinked: "The device was unlinked before the message was sent.",
  unspecified: "The report gives no reason."
} as const satisfies Record<string, string>

export type MessageCode = keyof typeof messageCodes

/** Only the gateway says these: of what it handed to no agent, or heard nothing about. */
const gatewayCodes: ReadonlyArray<string> = [
  "no_report",
  "key_lost",
  "erased",
  "damaged"
] satisfies ReadonlyArray<MessageCode>

/** Whether it is the gateway's own word, which nobody else may say and nobody signs. */
export const isGateways = (code: string): boolean => gatewayCodes.includes(code)

/** Whoever reports may say the other ones, and numbers of WhatsApp's, of one to six digits. */
export const isReportable = (code: string): boolean =>
  /^\d{1,6}$/.test(code) || (Object.hasOwn(messageCodes, code) && !isGateways(code))

/** Some of them, by name. */
export type MessageCodeOf<Code extends MessageCode> = Code
