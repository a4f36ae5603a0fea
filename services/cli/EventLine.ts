import { Schema } from "effect"
import { bad, faint, good, inStatusColour, strong } from "./Terminal.ts"

const Named = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  phone: Schema.optionalKey(Schema.String),
  lid: Schema.optionalKey(Schema.String),
  address: Schema.optionalKey(Schema.String)
})
const Saying = Schema.Struct({
  type: Schema.String,
  text: Schema.optionalKey(Schema.String),
  caption: Schema.optionalKey(Schema.String),
  emoji: Schema.optionalKey(Schema.String)
})

/** Of an event, what a line of it is made of. Whatever else a type or a later release tells is not looked at. */
export const Event = Schema.Struct({
  type: Schema.String,
  time: Schema.String,
  source: Schema.String,
  data: Schema.Struct({
    to: Schema.optionalKey(Schema.String),
    fromMe: Schema.optionalKey(Schema.Boolean),
    sender: Schema.optionalKey(Named),
    chat: Schema.optionalKey(Named),
    kind: Schema.optionalKey(Schema.String),
    content: Schema.optionalKey(Saying),
    error: Schema.optionalKey(Schema.Struct({ code: Schema.String })),
    reason: Schema.optionalKey(Schema.String),
    name: Schema.optionalKey(Schema.String),
    number: Schema.optionalKey(Schema.String)
  })
})
type Event = typeof Event.Type

/** What strangers write must not move a cursor, nor turn a line around. */
const plain = (text: string) => text.replace(/\s+/g, " ").replace(/[\p{Cc}\p{Cf}]/gu, "·")
const mostShown = 120
const shortened = (text: string) => (text.length > mostShown ? `${text.slice(0, mostShown)}…` : text)

const whoIn = ({ chat, fromMe, sender, to }: Event["data"]) => {
  const named = fromMe === true ? chat : sender
  const who = to ?? named?.name ?? named?.phone ?? named?.lid ?? named?.address
  if (who === undefined) return ""
  return to !== undefined || fromMe === true ? `→ ${plain(who)}` : `← ${plain(who)}`
}

const whatIn = ({ content, error, kind, name, number, reason }: Event["data"]) => {
  const said = content?.text ?? content?.caption ?? content?.emoji
  const words = said === undefined ? undefined : `“${shortened(plain(said))}”`
  const other = kind !== undefined && kind !== "text" ? kind : undefined
  return [other, words, error?.code, reason, name, number]
    .flatMap((part) => (part === undefined ? [] : plain(part)))
    .join("  ")
}

const coloured = (type: string) => {
  const [, about = "", word = type] = type.split(".")
  const shown = `${about} ${word}`.padEnd(24)
  if (about === "message") return inStatusColour(word, shown)
  if (about === "inbound") return strong(shown)
  return word === "connected" ? good(shown) : word === "logged_out" ? bad(shown) : shown
}

/** When, of which device, what happened; with whom, and what was said. */
export const lineOf = ({ data, source, time, type }: Event): string => {
  const device = source.split("/").at(-1)?.slice(0, 8) ?? ""
  const rest = [whoIn(data), whatIn(data)].filter((part) => part !== "").join("  ")
  return `${faint(time.slice(11, 19))}  ${faint(plain(device))}  ${coloured(plain(type))}  ${rest}`.trimEnd()
}
