import type { proto } from "@whiskeysockets/baileys"

/** What accompanies a message, and is none. */
const companions: ReadonlySet<string> = new Set([
  "fastRatchetKeySenderKeyDistributionMessage",
  "messageContextInfo",
  "senderKeyDistributionMessage"
])
const deepest = 8

type Name = keyof proto.IMessage

/** A message without what it is wrapped in. */
export interface Unwrapped {
  /** WhatsApp's name of its kind. */
  readonly name: Name
  /** What stands under that name. */
  readonly part: unknown
  readonly wrappers: ReadonlySet<string>
  readonly context: proto.IMessageContextInfo | undefined
}

const nameOf = (message: proto.IMessage): Name | undefined =>
  (Object.keys(message) as Array<Name>).find((name) => !companions.has(name) && message[name] != null)

/** Wrappers hold a message and nothing else; one of our own devices says besides to whom it went. */
const inside = (name: Name, part: unknown): proto.IMessage | undefined => {
  if (typeof part !== "object" || part === null || !("message" in part) || part.message == null) return undefined
  const isWrapper = name === "deviceSentMessage" || Object.keys(part).every((member) => member === "message")
  return isWrapper ? part.message : undefined
}

/** Nothing for what says nothing that is known here. */
export const unwrapped = (message: proto.IMessage): Unwrapped | undefined => {
  const wrappers = new Set<string>()
  let within = message
  let context = message.messageContextInfo ?? undefined
  while (true) {
    const name = nameOf(within)
    if (name === undefined) return undefined
    const part = within[name]
    const inner = wrappers.size < deepest ? inside(name, part) : undefined
    if (inner === undefined || nameOf(inner) === undefined) return { name, part, wrappers, context }
    wrappers.add(name)
    within = inner
    context = within.messageContextInfo ?? context
  }
}
