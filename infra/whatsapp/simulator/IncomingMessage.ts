import type { BinaryNode, proto } from "@whiskeysockets/baileys"
import { Schema, Tuple } from "effect"
import { Content } from "./content/Content.ts"
import { Count, Id, Text } from "./content/Members.ts"
import { PhoneNumber } from "./PhoneNumber.ts"

/** Who writes to whom, and how it comes. Beside it stands what is said. */
const envelope = {
  /** The contact's number; one that is not in the directory yet becomes a contact. The account's own: from its phone. */
  from: PhoneNumber,
  /** The account's number. */
  to: PhoneNumber,
  /** How people are addressed; today's WhatsApp says `lid`. */
  addressing: Schema.optionalKey(Schema.Literals(["lid", "pn"])),
  /** What the contact calls itself; its phone's own name, when left out. */
  pushName: Schema.optionalKey(Text),
  /** In this group, of which both are members. */
  group: Schema.optionalKey(Id),
  /** With whom, when it comes from the account's own phone; itself when left out. */
  chat: Schema.optionalKey(PhoneNumber),
  /** Its id, which may be one that was used before. */
  waMessageId: Schema.optionalKey(Id),
  /** When it was sent, in seconds since 1970; now, when left out. */
  at: Schema.optionalKey(Count),
  /** The chat's messages disappear after so many seconds, and this one says so. */
  disappearsAfter: Schema.optionalKey(Count),
  /** The id of the message that it answers. */
  quotes: Schema.optionalKey(Id),
  mentions: Schema.optionalKey(Schema.Array(PhoneNumber)),
  /** It cannot be decrypted, and neither can what comes when the client asks for it again, so many times in all. */
  unreadable: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })))
}

export const IncomingMessage = Content.mapMembers(Tuple.map(Schema.fieldsAssign(envelope)))
export type IncomingMessage = typeof IncomingMessage.Type

/** As it was sent, for a client that asks for it again. */
export interface SentOnce {
  readonly waMessageId: string
  readonly message: IncomingMessage
  readonly content: proto.IMessage
  readonly at: string
  /** As it went to each device last. */
  readonly stanzas: Map<string, BinaryNode>
}
