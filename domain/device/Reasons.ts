import type { DisconnectReason } from "../ports/WhatsApp.ts"

const told = {
  connection_lost: true,
  server_closed: true,
  connect_timeout: true,
  refused: true,
  unauthorized: true,
  temporarily_banned: true,
  banned: true,
  locked: true,
  client_refused: true,
  broken: true,
  outdated: true,
  restarting: true,
  replaced: true,
  logged_out: true,
  pairing_timeout: true,
  pairing_refused: true,
  not_opened: true,
  unlinked: true,
  forgotten: true
} satisfies Record<DisconnectReason | "unlinked" | "forgotten", true>

/** Every reason that an agent gives for a device not being connected, or being no device any more. */
export const toldReasons: ReadonlyArray<string> = Object.keys(told)
