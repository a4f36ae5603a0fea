import { createHash } from "node:crypto"
import { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Count, Id, Text } from "./Members.ts"
import type { Reference } from "./Reference.ts"
import { encryptedFor, newSecret } from "./Secrets.ts"

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
  messageContextInfo: newSecret()
})

/** What is chosen, encrypted with the poll's secret. Throws when the simulator does not know the poll. */
export const composeVote = ({ options }: typeof vote.Type, of: Reference, voter: string): proto.IMessage => {
  const selectedOptions = options.map((option) => createHash("sha256").update(option).digest())
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish()
  return {
    pollUpdateMessage: {
      pollCreationMessageKey: of.key,
      vote: encryptedFor(of, voter, "Poll Vote", plain),
      senderTimestampMs: Date.now()
    }
  }
}
