import type { Json, JsonObject } from "../Json.ts"
import { isList, isNumber, isObject, sortedText, textIn } from "../meta/MetaJson.ts"

/** What a gateway that speaks for a session tells, in its own JSON, read by where it says what. */

/** Names, from the outside in; of a list on the way the first counts. */
export type Path = ReadonlyArray<string>

/** Where to look, in turn: the first place where something stands counts. */
export interface Mapping {
  /** For which session it speaks. */
  readonly session: ReadonlyArray<Path>
  /** What happened, in its words. */
  readonly event: ReadonlyArray<Path>
  /** Its own name of what it tells. */
  readonly id: ReadonlyArray<Path>
  /** What became of that: told again under one id, another state is another thing. */
  readonly state: ReadonlyArray<Path>
  /** Whom it is with: an address of WhatsApp's, or a number. */
  readonly person: ReadonlyArray<Path>
  readonly fromMe: ReadonlyArray<Path>
  readonly time: ReadonlyArray<Path>
  /** A list whose members are things of their own. */
  readonly items: ReadonlyArray<Path>
}

export const pathOf = (text: string): Path => text.split(".")
const paths = (texts: string) => texts.split(" ").map(pathOf)

/** Where well-known gateways say it. */
export const usual: Mapping = {
  session: paths("sessionId session instance data.sessionId"),
  event: paths("event type"),
  id: paths("id data.messages.key.id data.key.id data.keys.id payload.id data.id"),
  state: paths("data.update.status data.messages.update.status data.status payload.ack data.messages.status"),
  person: paths("payload.from data.from data.messages.key.remoteJid data.key.remoteJid"),
  fromMe: paths("data.messages.key.fromMe data.key.fromMe payload.fromMe data.fromMe"),
  time: paths("data.messages.messageTimestamp payload.timestamp timestamp date_time"),
  items: paths("data.messages data")
}

/** One thing that it told. */
export interface Telling {
  readonly session: string
  readonly event: string
  /** The same however often it is told. */
  readonly identity: ReadonlyArray<string>
  readonly id: string | undefined
  readonly person: readonly [kind: string, identity: string] | undefined
  readonly isFromMe: boolean
  readonly saidAt: number | undefined
  /** As it was told, with this alone. */
  readonly payload: JsonObject
}

const valueAt = (value: Json | undefined, path: Path): Json | undefined =>
  path.reduce<Json | undefined>((within, name) => {
    const found = isObject(within) ? within[name] : undefined
    return isList(found) ? found[0] : found
  }, value)
const firstOf = <A>(
  payload: JsonObject,
  paths: ReadonlyArray<Path>,
  read: (value: Json | undefined) => A | undefined
) => {
  for (const path of paths) {
    const found = read(valueAt(payload, path))
    if (found !== undefined) return found
  }
  return undefined
}

/** Also of a number that JavaScript cannot hold, as it was written. */
const textOf = (value: Json | undefined) =>
  value !== undefined && isNumber(value) ? JSON.stringify(value) : textIn({ value }, "value")
const wordOf = (value: Json | undefined) => {
  const found = textOf(value)
  return found !== undefined && /^[\w.:@+-]{1,128}$/.test(found) ? found : undefined
}

const account = /^\+?(\d{5,15})(?::\d{1,5})?@(?:s\.whatsapp\.net|c\.us|hosted)$/
const hidden = /^(\d{1,24})(?::\d{1,5})?@(?:hosted\.)?lid$/

/** What is longer is nobody's address, and would stand in the event: the log takes no event of any length. */
const longestAddress = 256

/** As other sources name them, so that they are one. */
const personOf = (value: Json | undefined): readonly [string, string] | undefined => {
  const text = textOf(value)
  if (text === undefined || text.length > longestAddress) return undefined
  const [, digits] = account.exec(text) ?? /^\+?(\d{5,15})$/.exec(text) ?? []
  if (digits !== undefined) return ["phone", `+${digits}`]
  const [, lid] = hidden.exec(text) ?? []
  return lid === undefined ? ["address", text] : ["lid", lid]
}

/** Seconds or milliseconds since 1970, or a moment in words. */
const millisOf = (value: Json | undefined): number | undefined => {
  const text = textOf(value)
  if (text === undefined) return undefined
  if (/^\d{9,11}$/.test(text)) return Number(text) * 1_000
  const millis = /^\d{12,13}$/.test(text) ? Number(text) : Date.parse(text)
  return Number.isFinite(millis) && millis >= 0 && millis < 1e13 ? millis : undefined
}

/** The same with one member of the list that stands there. */
const alone = (within: JsonObject, [name, ...rest]: Path, item: Json): JsonObject => ({
  ...within,
  [name!]: rest.length === 0 ? [item] : alone(within[name!] as JsonObject, rest, item)
})
const listAt = (payload: JsonObject, path: Path): ReadonlyArray<Json> | undefined => {
  const found = path.reduce<Json | undefined>((within, name) => (isObject(within) ? within[name] : undefined), payload)
  return isList(found) && found.length > 1 ? found : undefined
}

const apart = (payload: JsonObject, { items }: Mapping): ReadonlyArray<JsonObject> => {
  for (const path of items) {
    const list = listAt(payload, path)
    if (list !== undefined) return list.map((item) => alone(payload, path, item))
  }
  return [payload]
}

/** For which session it speaks; `undefined` where it does not say. */
export const sessionIn = (payload: JsonObject, { session }: Mapping): string | undefined =>
  firstOf(payload, session, wordOf)

/** Everything that it tells, in its order. What says no id is named by all that it says. */
export const tellings = (payload: JsonObject, mapping: Mapping): ReadonlyArray<Telling> => {
  const session = sessionIn(payload, mapping) ?? ""
  const event = firstOf(payload, mapping.event, wordOf) ?? ""
  return apart(payload, mapping).map((one): Telling => {
    const id = firstOf(one, mapping.id, textOf)
    const state = firstOf(one, mapping.state, textOf) ?? ""
    return {
      session,
      event,
      id,
      identity: id === undefined ? ["said", session, event, sortedText(one)] : ["id", session, event, id, state],
      person: firstOf(one, mapping.person, personOf),
      isFromMe: firstOf(one, mapping.fromMe, (value) => (value === true ? true : undefined)) ?? false,
      saidAt: firstOf(one, mapping.time, millisOf),
      payload: one
    }
  })
}
