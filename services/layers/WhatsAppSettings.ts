import { Schema } from "effect"
import { matching, onOrOff, optional, parsed, setting, type Values, whole } from "../Setting.ts"

const versionOf = (text: string) => {
  if (!/^\d{1,3}\.\d{1,6}\.\d{1,10}$/.test(text)) return undefined
  const [primary = 0, secondary = 0, tertiary = 0] = text.split(".").map(Number)
  return [primary, secondary, tertiary] as const
}

/** The agent's: it imports nothing of this half, so they are declared where it is given them. */
export const settings = {
  webSocketUrl: optional(
    "WHATSAPP_URL",
    matching(/^wss?:\/\/[^\s]{1,500}$/),
    "an address beginning with ws:// or wss://",
    "Another server to talk to instead of WhatsApp's: the simulator, say ws://127.0.0.1:8765/ws/chat."
  ),
  version: optional(
    "WHATSAPP_VERSION",
    parsed(versionOf),
    "a version such as 2.3000.1023456789",
    "The version of WhatsApp Web to be, when WhatsApp refuses the one that is built in."
  ),
  history: setting(
    "HISTORY_SYNC",
    "recent",
    Schema.Literals(["off", "recent", "full"]),
    "off, recent or full",
    "How much of what was said before a device was linked is recorded: nothing, the recent past, or all that its phone has. It is told when a device is linked, and cannot be had later."
  ),
  presence: setting(
    "PRESENCE",
    "off",
    onOrOff,
    "on or off",
    "Whether live connections that ask for it are told who of those that write to an account is online or writing. The account is then seen to be online as well, as long as its device is connected, and its phone may show fewer notifications."
  ),
  typingMillis: setting(
    "TYPING_DELAY_MS",
    "0",
    whole(0, 10_000),
    "milliseconds from 0 to 10000",
    "How long at most the recipient is shown that somebody is writing before a message is first sent, shorter for short ones. The message waits as long."
  )
}

/** What its sending end is told. */
export const senderOptions = ({ typingMillis }: Pick<Values<typeof settings>, "typingMillis">) => ({ typingMillis })

/** What the adapter for WhatsApp is told: nothing of what is not set and has no default. */
export const whatsAppOptions = ({
  history,
  presence,
  version,
  webSocketUrl
}: Pick<Values<typeof settings>, "history" | "presence" | "version" | "webSocketUrl">) => ({
  history,
  presence,
  ...(webSocketUrl !== undefined && { webSocketUrl }),
  ...(version !== undefined && { version })
})
