import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"

/** What Baileys gives as the end of a connection: usually a Boom, after a cut line sometimes a bare number. */
const describe = (error: unknown): { readonly code: number | undefined; readonly text: string } => {
  if (typeof error !== "object" || error === null) return { code: undefined, text: "" }
  const output = "output" in error ? (error.output as { readonly statusCode?: number } | undefined) : undefined
  return { code: output?.statusCode, text: "message" in error ? String(error.message) : "" }
}

/** Why a connection ended. `offered`: pairing codes were on offer; `paired`: there are credentials to log out. */
export const disconnectReason = (
  error: unknown,
  { offered, paired }: { readonly offered: boolean; readonly paired: boolean }
): DisconnectReason => {
  const { code, text } = describe(error)
  if (code === 515) return "restarting"
  if (code === 401) return paired ? "logged_out" : "refused"
  if (code === 440) return "replaced"
  if (code === 405) return "outdated"
  if (code === 408 && offered) return "pairing_timeout"
  if (text.startsWith("Stream Errored") || text === "Connection Terminated by Server") return "server_closed"
  if (text === "Connection Failure") return code !== undefined && code >= 500 ? "server_closed" : "refused"
  return code === 403 || code === 411 ? "refused" : "connection_lost"
}
