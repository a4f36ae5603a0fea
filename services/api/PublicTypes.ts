import { Schema } from "effect"
import { withholdings } from "#domain/inbound/Inbound.ts"
import { messageCodes } from "#domain/message/Codes.ts"
import { Content } from "#domain/message/content/Content.ts"
import { causes } from "#domain/privacy/Erasure.ts"
import { ErasureLeft, erasedNames, erasureCounts } from "./ErasuresApi.ts"
import { Fact, said } from "./Facts.ts"
import { count, instant, text, uuid, word } from "./Members.ts"
import { MetaFact } from "./MetaFacts.ts"
import { SessionFact } from "./SessionFacts.ts"

/**
 * What is told of each kind of public event, by its type. A released shape only gains members that may be absent; any other
 * change is another version of the type.
 */

const shownToReaders = "Only for whoever may read it, and only until the person's data is erased or its key is lost."

const ofMessage = { id: uuid("The message's."), device: uuid("The device that it is sent from.") }
const report = {
  ...ofMessage,
  attempt: count("Which time it was tried."),
  at: instant("When, by the clock of whoever reports.")
}
const Reported = Schema.Struct(report)
const Failed = Schema.Struct({
  ...report,
  error: Schema.Struct({
    code: word(Object.keys(messageCodes), "One of these words, or a number of WhatsApp's own."),
    detail: text("The same in a sentence.")
  })
})

const ofDevice = { id: uuid("The device's.") }
const name = Schema.optionalKey(text(`What it is called. ${shownToReaders}`))
const changed = { ...ofDevice, at: instant("When, by the clock of its agent.") }
const Changed = Schema.Struct(changed)
const Explained = Schema.Struct({ ...changed, reason: text("A word for it, as at the device.") })
const Asked = Schema.Struct(ofDevice)

const ofErasure = { id: uuid("The erasure's.") }
const erased = { names: erasedNames, ...erasureCounts }

export const publicTypes = {
  "homing.message.queued.v1": Schema.Struct({
    ...ofMessage,
    to: Schema.optionalKey(text(`The recipient's number in full. ${shownToReaders}`)),
    content: Schema.optionalKey(Content.annotate({ description: `What it says. ${shownToReaders}` })),
    waMessageId: Schema.optionalKey(text("The id under which it goes out, if that is chosen before the first try.")),
    replyTo: Schema.optionalKey(uuid("The fact or message that it replies to.")),
    tags: Schema.Record(Schema.String, Schema.String),
    expiresAt: instant("Past it nothing leaves.")
  }),
  "homing.message.attempting.v1": Reported,
  "homing.message.sent.v1": Reported,
  "homing.message.failed.v1": Failed,
  "homing.message.expired.v1": Reported,
  "homing.message.unknown.v1": Failed,
  "homing.message.delivered.v1": Reported,
  "homing.message.read.v1": Reported,
  "homing.message.played.v1": Reported,

  "homing.inbound.message.v1": Fact,
  "homing.inbound.edit.v1": Fact,
  "homing.inbound.deletion.v1": Fact,
  "homing.inbound.reaction.v1": Fact,
  "homing.inbound.vote.v1": Fact,
  "homing.inbound.pin.v1": Fact,
  "homing.inbound.timer.v1": Fact,
  "homing.inbound.call.v1": Fact,
  "homing.inbound.group.v1": Fact,
  /** Whatever was said or done before the device was linked: nobody who waits for what is new has to tell it apart. */
  "homing.inbound.history.v1": Fact,
  "homing.inbound.decrypted.v1": Schema.Struct({
    id: Fact.fields.id,
    device: Fact.fields.device,
    ...said,
    target: Fact.fields.target,
    heardAt: Fact.fields.heardAt
  }),
  "homing.inbound.read_requested.v1": Schema.Struct({ id: Fact.fields.id, device: Fact.fields.device }),
  /** WhatsApp was told that the account has read it. */
  "homing.inbound.read_marked.v1": Schema.Struct({
    id: Fact.fields.id,
    device: Fact.fields.device,
    at: instant("When, by the clock of the device's agent.")
  }),
  /** WhatsApp is not told, as nobody can any more. */
  "homing.inbound.read_withheld.v1": Schema.Struct({
    id: Fact.fields.id,
    device: Fact.fields.device,
    reason: word(
      withholdings,
      "Why: `unreadable`, where it was said cannot be read any more; `unlinked`, its device is linked no more."
    )
  }),

  "homing.meta.message.v1": MetaFact,
  "homing.meta.status.v1": MetaFact,
  "homing.meta.echo.v1": MetaFact,
  "homing.meta.call.v1": MetaFact,
  "homing.meta.preference.v1": MetaFact,
  "homing.meta.contact.v1": MetaFact,
  "homing.meta.history.v1": MetaFact,
  /** Whatever else Meta tells, or will: `field` says in Meta's words what. */
  "homing.meta.other.v1": MetaFact,

  /** Whatever a gateway tells that speaks for a session: `event` says in its words what. */
  "homing.session.received.v1": SessionFact,

  "homing.device.created.v1": Schema.Struct({ ...ofDevice, name }),
  "homing.device.renamed.v1": Schema.Struct({ ...ofDevice, name }),
  "homing.device.number_linked.v1": Schema.Struct({
    ...ofDevice,
    number: Schema.optionalKey(text(`The number of the account that it is linked to. ${shownToReaders}`))
  }),
  "homing.device.paired.v1": Changed,
  "homing.device.connected.v1": Changed,
  "homing.device.disconnected.v1": Explained,
  "homing.device.logged_out.v1": Explained,
  "homing.device.link_requested.v1": Asked,
  "homing.device.reconnect_requested.v1": Asked,
  "homing.device.unlink_requested.v1": Asked,

  "homing.erasure.requested.v1": Schema.Struct({
    ...ofErasure,
    cause: word(causes, "Why: `asked`, somebody asked for it; `age`, as the settings say.")
  }),
  /** Whoever keeps what they were told finds it by these names, and can do the same. */
  "homing.erasure.gathered.v1": Schema.Struct({ ...ofErasure, ...erased }),
  "homing.erasure.done.v1": Schema.Struct({
    ...ofErasure,
    ...erased,
    left: ErasureLeft,
    at: instant("When it was done.")
  })
} as const

export type PublicType = keyof typeof publicTypes
export type PublicData = { readonly [T in PublicType]: (typeof publicTypes)[T]["Type"] }

export const publicTypeNames = Object.keys(publicTypes) as ReadonlyArray<PublicType>
