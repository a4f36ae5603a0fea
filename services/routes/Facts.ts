import { Option, Schema } from "effect"
import type { JsonObject } from "#domain/Json.ts"
import { isObject } from "#domain/meta/MetaJson.ts"
import type { Routed } from "#domain/meta/Routing.ts"
import type { Telling } from "#domain/session/Telling.ts"

/** What routes go by in the facts of devices and of session sources, which are told as public events. */

const Named = Schema.Struct({ phone: Schema.optionalKey(Schema.String) })
const OfDevice = Schema.Struct({
  device: Schema.String,
  chat: Schema.optionalKey(Named),
  sender: Schema.optionalKey(Named)
})
const OfSession = Schema.Struct({ session: Schema.String, event: Schema.String, person: Schema.optionalKey(Named) })
const ofDevice = Schema.decodeUnknownOption(OfDevice)
const ofSession = Schema.decodeUnknownOption(OfSession)

/** A number without its plus is read by how it begins. */
const routed = (account: string, field: string, phone: string | undefined): Routed => ({
  account,
  field,
  phoneNumberId: undefined,
  ...(phone !== undefined && { person: { phone: phone.replace(/^\+/, ""), bsuid: undefined } })
})

/** What is told of somebody also where nothing of them is read. */
const unspoken: ReadonlySet<string> = new Set(["kind", "names", "name"])

const heard = /^homing\.inbound\.(\w+)\.v\d+$/

/**
 * Of a device the field is what it heard (`message`, `reaction` …) and the account the device; of a session source the
 * source's word for what happened, and the session. In a group the number is that of who said it.
 */
export const routedOf = ({ data, type }: { readonly data: JsonObject; readonly type: string }): Routed => {
  const told = Option.getOrUndefined(ofSession(data))
  if (told !== undefined) return routed(told.session, told.event, told.person?.phone)
  const { chat, device = "", sender } = Option.getOrElse(ofDevice(data), () => ({}) as Partial<typeof OfDevice.Type>)
  return routed(device, heard.exec(type)?.[1] ?? "", chat?.phone ?? sender?.phone)
}

/** Whether it is with somebody of whom nothing can be read any more. */
export const isClosed = ({ data }: { readonly data: JsonObject }): boolean => {
  const whom = data.chat ?? data.person
  return isObject(whom) && Object.keys(whom).every((name) => unspoken.has(name))
}

/** The same of what a source posts. */
export const routedIn = ({ event, person, session }: Telling): Routed => {
  const [kind, name] = person ?? []
  return routed(session, event, kind === "phone" ? name : undefined)
}
