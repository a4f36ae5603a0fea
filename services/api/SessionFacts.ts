import { Schema } from "effect"
import { lid, names, phone, shownToReaders } from "./Facts.ts"
import { flag, instant, text, uuid } from "./Members.ts"

/** What another gateway told of a session, as it is told. */
export const SessionFact = Schema.Struct({
  id: uuid("Names the fact."),
  source: text("The session source that told it, as the configuration calls it."),
  session: text("For which session it spoke, by its id there."),
  event: text("What happened, in the source's words."),
  person: Schema.optionalKey(
    Schema.Struct({
      names,
      phone,
      lid,
      address: Schema.optionalKey(text(`WhatsApp's address of what is no person. ${shownToReaders}`))
    }).annotate({ identifier: "SessionPerson", description: "Whom it is with." })
  ),
  message: Schema.optionalKey(text("A keyed digest of the source's own id of it.")),
  payload: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Unknown).annotate({
      description: `What the source said, in its own shape, with nothing else beside it; numbers that JavaScript cannot hold are strings. ${shownToReaders}`
    })
  ),
  fromMe: Schema.optionalKey(flag("Present where the account itself sent it; then `true`.")),
  conflicting: Schema.optionalKey(
    flag("Present where another fact has the same name with the source and says something else; then `true`.")
  ),
  sentAt: Schema.optionalKey(instant("When it was, by the source's clock; absent where that says nothing of use.")),
  receivedAt: instant("When it was received, by the gateway's clock.")
}).annotate({ identifier: "SessionFact", description: "One thing that a session source told, recorded once." })
