import { Schema } from "effect"
import { HeardContent } from "#domain/inbound/Heard.ts"
import { flag, instant, text, uuid, word } from "./Members.ts"

export const shownToReaders =
  "Only for whoever may read what was heard, and only until the person's data is erased or its key is lost."

export const names = Schema.Array(Schema.String).annotate({
  description: "Keyed digests of every name that was known for it: two facts that share one are of the same."
})
export const phone = Schema.optionalKey(text(`A phone number in full. ${shownToReaders}`))
export const lid = Schema.optionalKey(text(`WhatsApp's name of a person that is no phone number. ${shownToReaders}`))

const Chat = Schema.Struct({
  kind: word(["person", "group", "broadcast", "channel", "other"], "What kind of chat it is."),
  names,
  phone,
  lid,
  address: Schema.optionalKey(text(`WhatsApp's address of what is no person. ${shownToReaders}`)),
  name: Schema.optionalKey(text(`What a group was called when it was heard, where that was known. ${shownToReaders}`))
}).annotate({ identifier: "FactChat", description: "Where it was said." })

export const Sender = Schema.Struct({
  names,
  phone,
  lid,
  name: Schema.optionalKey(text(`As they call themselves. ${shownToReaders}`))
}).annotate({ identifier: "FactSender", description: "Who said it." })

export const kinds = HeardContent.members.map(({ fields }) => fields.type.literal)

/** What was said, as a fact and what completes it tell it. */
export const said = {
  kind: word(kinds, "What kind of content it is; `other` and `oversized` are told as WhatsApp named and encoded them."),
  content: Schema.optionalKey(HeardContent.annotate({ description: `What was said. ${shownToReaders}` }))
}

/** A fact as it is told: what its first event says, and what completed it. */
export const Fact = Schema.Struct({
  id: uuid("Names the fact."),
  device: uuid("The device that heard it."),
  waMessageId: text("WhatsApp's own id of it."),
  fromMe: flag("Sent by the account itself, from its phone or another of its devices."),
  chat: Chat,
  sender: Sender,
  ...said,
  target: Schema.optionalKey(
    Schema.Struct({
      waMessageId: text("WhatsApp's own id of it."),
      fromMe: flag("Sent by the account itself."),
      byAdmin: Schema.optionalKey(
        flag("Present where an administrator of the group deletes it, not its sender; then `true`.")
      )
    }).annotate({
      identifier: "FactTarget",
      description: "The earlier message of the same chat that it changes, if it is an edit, a reaction and the like."
    })
  ),
  isHistory: Schema.optionalKey(flag("Present where it is from before the device was linked; then `true`.")),
  conflicting: Schema.optionalKey(
    flag("Present where another fact has the same id of WhatsApp and says something else; then `true`.")
  ),
  sentAt: Schema.optionalKey(instant("When it was sent, by WhatsApp's clock; absent where that says nothing of use.")),
  heardAt: instant("When it was heard, by the clock of whoever heard it.")
}).annotate({ identifier: "Fact", description: "One thing heard from outside, recorded once." })
