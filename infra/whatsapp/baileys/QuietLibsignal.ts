/**
 * libsignal prints whole session records, private keys and root keys included, through the console whenever a session
 * is replaced. Importing this file drops exactly those calls and lets everything else in the process print as before.
 * libsignal looks the console up at each call, so the order of imports does not matter. Baileys itself, which has a logger,
 * prints what it cannot read of a community, and what it cannot delete.
 */
const openings: ReadonlyArray<string> = [
  "Closing open session in favor of incoming prekey bundle",
  "Closing session:",
  "Decrypted message with closed session.",
  "Failed to decrypt message with any known session...",
  "Error deleting temp file",
  "Error parsing group metadata:",
  "Migrating session to:",
  "Opening session:",
  "Removing old closed session:",
  "Session already closed",
  "Session already open",
  "Session error:",
  "Unhandled bucket type (for naming):",
  "V1 session storage migration error: registrationId",
  "WARNING: Expected pubkey of length 33, please report the ST and client that generated the pubkey"
]

const isFromLibrary = (first: unknown) =>
  typeof first === "string" && openings.some((opening) => first.startsWith(opening))

for (const method of ["log", "info", "warn", "error"] as const) {
  const print = console[method]
  console[method] = (...args: ReadonlyArray<unknown>) => {
    if (!isFromLibrary(args[0])) print.apply(console, [...args])
  }
}
