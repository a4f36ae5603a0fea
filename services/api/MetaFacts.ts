import { Schema } from "effect"
import { names, phone, shownToReaders } from "./Facts.ts"
import { flag, instant, text, uuid } from "./Members.ts"

/** A fact of Meta's as it is told. */
export const MetaFact = Schema.Struct({
  id: uuid("Names the fact."),
  app: text("The app of Meta's that was told, as the configuration calls it."),
  account: Schema.optionalKey(text("Meta's id of the WhatsApp Business Account.")),
  phoneNumberId: Schema.optionalKey(text("Meta's id of the account's number.")),
  field: text("Of which field the change is, in Meta's words: `messages`, `account_update` …"),
  kind: text("What of it this is, as in the type."),
  person: Schema.optionalKey(
    Schema.Struct({
      names,
      phone,
      bsuid: Schema.optionalKey(text(`Meta's name of a person towards this business. ${shownToReaders}`))
    }).annotate({ identifier: "MetaPerson", description: "Whom it is with." })
  ),
  group: Schema.optionalKey(text("Where several speak: a keyed digest of Meta's name of the group.")),
  status: Schema.optionalKey(text("Of a message that the account sent: what became of it, in Meta's words.")),
  message: Schema.optionalKey(text("Of a message: a keyed digest of Meta's id of it.")),
  target: Schema.optionalKey(
    text("A keyed digest of Meta's id of the message that it is about: that one's `message`.")
  ),
  change: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Unknown).annotate({
      description: `What Meta said, in its own shape, with nothing else beside it; numbers that JavaScript cannot hold are strings. Absent where it is longer than an event may be. ${shownToReaders}`
    })
  ),
  isHistory: Schema.optionalKey(flag("Present where it is from before the number came to the Cloud API; then `true`.")),
  fromMe: Schema.optionalKey(flag("Present where the account itself sent it, from its phone; then `true`.")),
  conflicting: Schema.optionalKey(
    flag("Present where another fact has the same name with Meta and says something else; then `true`.")
  ),
  sentAt: Schema.optionalKey(instant("When it was, by Meta's clock; absent where that says nothing of use.")),
  receivedAt: instant("When it was received, by the gateway's clock.")
}).annotate({ identifier: "MetaFact", description: "One thing that Meta told, recorded once." })
