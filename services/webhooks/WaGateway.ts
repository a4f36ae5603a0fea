import { Context } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { Signatory } from "#domain/delivery/Secret.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import type { JsonObject } from "#domain/Json.ts"
import type { Crypto } from "#domain/ports/Crypto.ts"
import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { PublicEvent } from "../events/PublicEvents.ts"

/** Deliveries as wa-gateway-go makes them, for receivers that were written for it. */

/** What it tells, and how WhatsApp calls the receipt, if it is one. */
const words: Readonly<Record<string, readonly [event: string, receipt?: string]>> = {
  "homing.device.connected.v1": ["device.connected"],
  "homing.device.disconnected.v1": ["device.disconnected"],
  "homing.device.logged_out.v1": ["device.logged_out"],
  "homing.message.delivered.v1": ["message.receipt", ""],
  "homing.message.read.v1": ["message.receipt", "read"],
  "homing.message.played.v1": ["message.receipt", "played"],
  "homing.inbound.message.v1": ["contacts.new"]
}

const restarting: DisconnectReason = "restarting"

/** Whether it is told at all: of what was said, what others said; not that WhatsApp asks for a new connection. */
export const tells = (type: string, event: RecordedEvent): boolean => {
  if (!Object.hasOwn(words, type) || event.data.reason === restarting) return false
  if (!Inbound.read.types.has(event.type)) return true
  const read = Inbound.read(event)
  return read.type === "inbound.received" && !read.data.fromMe
}

const digitsOf = (phone: unknown) => (typeof phone === "string" ? phone.replace("+", "") : undefined)

/** `queued`: of a message, the event with which it began, as it is told. */
const dataOf = (told: Told, receipt: string | undefined, queued: Told | undefined): JsonObject | null => {
  if (receipt !== undefined) {
    const { to, waMessageId } = queued?.data ?? {}
    const digits = digitsOf(to)
    return {
      type: receipt,
      messageIds: waMessageId === undefined ? [] : [waMessageId],
      ...(digits !== undefined && { from: `${digits}@s.whatsapp.net` }),
      timestamp: told.data.at ?? told.time
    }
  }
  if (told.type !== "homing.inbound.message.v1") return null
  const { lid, name, phone } = told.data.sender as { readonly [K in "lid" | "name" | "phone"]?: string }
  return { phone: digitsOf(phone) ?? lid ?? "", name: name ?? "" }
}

type Told = Omit<PublicEvent, "cursor">

const bodyOf = (told: Told, queued: Told | undefined): object => {
  const [event, receipt] = words[told.type] ?? [told.type]
  const token = told.source.slice(told.source.lastIndexOf("/") + 1)
  return { event, token, data: dataOf(told, receipt, queued), timestamp: told.time.replace(/\.\d+Z$/, "Z") }
}

/** What stands before the digits of a signature: all gateways of an installation are told the same. */
export const SignaturePrefix = Context.Reference<"sha256=" | "">("homing/services/webhooks/WaGateway/SignaturePrefix", {
  defaultValue: () => "sha256="
})

/** Signed by one: the newest. */
export const written = (
  crypto: Crypto["Service"],
  signatory: Signatory | undefined,
  told: Told,
  queued: Told | undefined,
  prefix: string
) => {
  const body = textOf(bodyOf(told, queued))
  const mac = signatory?.mac
  const headers = {
    "content-type": "application/json",
    ...(mac !== undefined && { "x-webhook-signature": `${prefix}${crypto.mac(mac, body, "hex")}` })
  }
  return { body, headers }
}

/** In a buffer of its own. */
export const textOf = (body: object): Uint8Array => utf8(JSON.stringify(body)).slice()
