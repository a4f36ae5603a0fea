import type { proto } from "@whiskeysockets/baileys"

/** Another message that one speaks of, as its sender sees it. Addresses are those of the chat. */
export interface Reference {
  readonly key: proto.IMessageKey
  readonly author: string
  /** Undefined when the simulator has not seen it, or no longer knows it. */
  readonly content: proto.IMessage | undefined
}
