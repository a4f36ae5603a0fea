import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto"
import { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Count, Id, Text } from "./Members.ts"
import type { Reference } from "./Reference.ts"

export const poll = Schema.Struct({
  kind: Schema.Literal("poll"),
  name: Text,
  options: Schema.Array(Text).check(Schema.isMinLength(1), Schema.isMaxLength(12)),
  /** How many may be chosen; 0: any number. */
  selectable: Schema.optionalKey(Count)
})
/** No option takes the vote back. */
export const vote = Schema.Struct({ kind: Schema.Literal("vote"), of: Id, options: Schema.Array(Text) })

export const composePoll = ({ name, options, selectable = 1 }: typeof poll.Type): proto.IMessage => ({
  pollCreationMessageV3: {
    name,
    options: options.map((optionName) => ({ optionName })),
    selectableOptionsCount: selectable
  },
  messageContextInfo: { messageSecret: randomBytes(32) }
})

const hmac = (data: Uint8Array, key: Uint8Array) => createHmac("sha256", key).update(data).digest()

/** What is chosen, encrypted with the poll's secret. Throws when the simulator does not know the poll. */
export const composeVote = (
  { options }: typeof vote.Type,
  { author, content, key }: Reference,
  voter: string
): proto.IMessage => {
  const secret = content?.messageContextInfo?.messageSecret
  if (!secret) throw new Error("no such poll")
  const id = key.id ?? ""
  const use = Buffer.concat([Buffer.from(`${id}${author}${voter}Poll Vote`), Buffer.from([1])])
  const iv = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", hmac(use, hmac(secret, Buffer.alloc(32))), iv)
  cipher.setAAD(Buffer.from(`${id}\0${voter}`))
  const selectedOptions = options.map((option) => createHash("sha256").update(option).digest())
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish()
  const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return {
    pollUpdateMessage: {
      pollCreationMessageKey: key,
      vote: { encPayload, encIv: iv },
      senderTimestampMs: Date.now()
    }
  }
}
