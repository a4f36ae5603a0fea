import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"

interface Ended {
  readonly code: number | undefined
  readonly text: string
  /** The stanza's attributes after a refused login; after a stream error its first child, or itself without one. */
  readonly data: Readonly<Record<string, unknown>>
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** What Baileys gives as the end of a connection: usually a Boom, after a cut line sometimes a bare number. */
const describe = (error: unknown): Ended => {
  if (!isObject(error)) return { code: undefined, text: "", data: {} }
  const code = isObject(error.output) ? error.output.statusCode : undefined
  return {
    code: typeof code === "number" ? code : undefined,
    text: typeof error.message === "string" ? error.message : "",
    data: isObject(error.data) ? error.data : {}
  }
}

/** Codes that the server gives a refused login or an ended stream, and which say the same in both. */
const said: ReadonlyMap<number | undefined, DisconnectReason> = new Map([
  [402, "temporarily_banned"],
  [403, "locked"],
  [405, "outdated"],
  [406, "banned"],
  [409, "client_refused"],
  [411, "refused"],
  [440, "replaced"],
  [515, "restarting"]
])

/** The only two ways in which WhatsApp says that the link is gone. Whatever else it refuses may be taken back. */
const isLogOut = ({ code, data, text }: Ended): boolean => {
  if (code !== 401) return false
  if (text === "Connection Failure") return true
  return data.tag === "conflict" && isObject(data.attrs) && data.attrs.type === "device_removed"
}

/** Why a connection ended. `offered`: pairing codes were on offer; `paired`: there are credentials to log out. */
export const disconnectReason = (
  error: unknown,
  { offered, paired }: { readonly offered: boolean; readonly paired: boolean }
): DisconnectReason => {
  const ended = describe(error)
  const { code, text } = ended
  if (isLogOut(ended)) return paired ? "logged_out" : "refused"
  if (code === 401) return "unauthorized"
  const reason = said.get(code)
  if (reason !== undefined) return reason
  if (code === 408 && offered) return "pairing_timeout"
  if (text.startsWith("Stream Errored") || text === "Connection Terminated by Server") return "server_closed"
  if (text === "Connection Failure") return code !== undefined && code >= 500 ? "server_closed" : "refused"
  return "connection_lost"
}

const longestBanSeconds = 30 * 24 * 60 * 60

/** For how long the server says that a ban still holds, if it does. */
export const banMillis = (error: unknown): number | undefined => {
  const { code, data } = describe(error)
  if (code !== 402 || typeof data.expire !== "string" || !/^\d{1,9}$/.test(data.expire)) return undefined
  return Math.min(Number(data.expire), longestBanSeconds) * 1_000
}
