import type { proto } from "@whiskeysockets/baileys"

export interface IncomingMessage {
  /** The contact's number. One that is not in the directory yet becomes a contact. */
  readonly from: string
  /** The account's number. */
  readonly to: string
  readonly text: string
  /** How the contact is addressed; today's WhatsApp says `lid`. */
  readonly addressing?: "lid" | "pn"
  /** The chat's messages disappear after so many seconds, and this one says so. */
  readonly disappearsAfter?: number
}

/** As it was sent, for a client that asks for it again. */
export type SentOnce = IncomingMessage & { readonly content: proto.IMessage }
