import { Option, Schema } from "effect"
import { Announcement } from "./Announcements.ts"
import type { Controls } from "./Controls.ts"
import { FaultsPatch } from "./Faults.ts"
import { GroupChange } from "./GroupChanges.ts"
import { Memories } from "./History.ts"
import { IncomingMessage } from "./IncomingMessage.ts"
import { PhoneNumber } from "./PhoneNumber.ts"
import { SeenAs } from "./Presences.ts"
import { Stanza } from "./Stanza.ts"

const Text = Schema.String.check(Schema.isMaxLength(4096))
const StreamCode = Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 999 }))

const Seconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_294_967_295 }))
const addressing = Schema.optionalKey(Schema.Literals(["lid", "pn"]))

const ScanRequest = Schema.Struct({ qr: Text, phone: PhoneNumber })
const CodeRequest = Schema.Struct({ phone: PhoneNumber, code: Text })
const IncomingRequest = Schema.Union([...IncomingMessage.members, ...Announcement.members])
const AgainRequest = Schema.Struct({ to: PhoneNumber, waMessageId: Text, how: Schema.Literals(["same", "anew"]) })
const TimerRequest = Schema.Struct({ from: PhoneNumber, to: PhoneNumber, seconds: Seconds, addressing })
const claim = { to: PhoneNumber, waMessageId: Text, from: Schema.optionalKey(Text) }
const ReceiptRequest = Schema.Struct({
  ...claim,
  type: Schema.optionalKey(Text),
  participant: Schema.optionalKey(Text),
  recipient: Schema.optionalKey(Text),
  sender_pn: Schema.optionalKey(Text),
  alsoAsks: Schema.optionalKey(Text)
})
const AckRequest = Schema.Struct({
  ...claim,
  error: Schema.optionalKey(Text),
  phash: Schema.optionalKey(Text)
})
const DevicesRequest = Schema.Struct({ of: PhoneNumber, to: PhoneNumber })
const ContactRequest = Schema.Struct({ phone: PhoneNumber, present: Schema.Boolean })
const DropRequest = Schema.Struct({ phone: Schema.optionalKey(PhoneNumber) })
const StreamErrorRequest = Schema.Struct({ code: StreamCode, phone: Schema.optionalKey(PhoneNumber) })
const StanzaRequest = Schema.Struct({ phone: PhoneNumber, stanza: Stanza, kept: Schema.optionalKey(Schema.Boolean) })
const InboxQuery = Schema.Struct({ phone: PhoneNumber })
const RecordQuery = Schema.Struct({
  after: Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)))
})

type Route = (controls: Controls, input: unknown) => unknown

const route = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  run: (controls: Controls, input: S["Type"]) => unknown
): Route => {
  // A misspelt fault must not pass for one that is switched on.
  const decode = Schema.decodeUnknownOption(schema, { onExcessProperty: "error" })
  return (controls, input) => {
    const decoded = decode(input)
    // Not the schema's own words: they repeat the input, and an input may hold a number or a text.
    if (Option.isNone(decoded)) throw new Error("the input is not what this path takes")
    return run(controls, decoded.value)
  }
}

/** Every path of the control API. A route throws, with a reason that repeats no input, when it cannot do what is asked. */
export const controlRoutes: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    "POST /control/scan",
    route(ScanRequest, async (controls, { qr, phone }) => ({ jid: await controls.scanQr(qr, phone) }))
  ],
  [
    "POST /control/code",
    route(CodeRequest, async (controls, { phone, code }) => ({ jid: await controls.enterCode(phone, code) }))
  ],
  [
    "POST /control/incoming",
    route(IncomingRequest, async (controls, message) => ({ waMessageId: await controls.sendIncoming(message) }))
  ],
  ["POST /control/again", route(AgainRequest, (controls, repetition) => controls.sendAgain(repetition))],
  ["POST /control/group", route(GroupChange, (controls, change) => ({ group: controls.changeGroup(change) }))],
  [
    "POST /control/history",
    route(Memories, async (controls, memories) => ({ waMessageIds: await controls.remember(memories) }))
  ],
  ["POST /control/timer", route(TimerRequest, (controls, timer) => controls.setTimer(timer))],
  ["POST /control/presence", route(SeenAs, (controls, seen) => controls.seenAs(seen))],
  ["POST /control/receipt", route(ReceiptRequest, (controls, receipt) => controls.claimReceipt(receipt))],
  ["POST /control/ack", route(AckRequest, (controls, ack) => controls.claimAck(ack))],
  ["POST /control/devices", route(DevicesRequest, (controls, devices) => controls.claimDevices(devices))],
  [
    "POST /control/contact",
    route(ContactRequest, (controls, { phone, present }) => controls.setPresent(phone, present))
  ],
  ["POST /control/drop", route(DropRequest, (controls, { phone }) => controls.drop(phone))],
  [
    "POST /control/stream-error",
    route(StreamErrorRequest, (controls, { code, phone }) => controls.endStreams(code, phone))
  ],
  [
    "POST /control/stanza",
    route(StanzaRequest, (controls, { phone, stanza, ...how }) => controls.sendStanza(phone, stanza, how))
  ],
  ["POST /control/faults", route(FaultsPatch, (controls, patch) => Object.assign(controls.faults, patch))],
  ["GET /control/faults", ({ faults }) => faults],
  ["GET /control/record", route(RecordQuery, ({ record }, { after = 0 }) => record.page(after))],
  ["GET /control/counts", ({ record }) => record.counts],
  ["GET /control/messages", ({ record }) => record.messages],
  [
    "GET /control/inbox",
    route(InboxQuery, (controls, { phone }) => controls.inbox(phone).map(({ content: _content, ...entry }) => entry))
  ]
])
