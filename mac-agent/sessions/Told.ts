import { Effect } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { notice } from "#domain/Notice.ts"
import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"

const log = { info: Effect.logInfo, warn: Effect.logWarning, error: Effect.logError } as const

/** `info`: a part of normal life; `warn`: it goes on by itself; `error`: somebody has to do something. */
const words: Readonly<Record<DisconnectReason, readonly [level: keyof typeof log, words: string]>> = {
  banned: ["error", "WhatsApp has banned this account"],
  broken: ["warn", "the connection to WhatsApp broke over what was said on it; it is made again"],
  client_refused: ["error", "WhatsApp does not take what this client says it is"],
  connect_timeout: ["warn", "WhatsApp does not answer; it is tried again"],
  connection_lost: ["warn", "there is no connection to WhatsApp; it is tried again"],
  locked: ["error", "WhatsApp has locked this account"],
  logged_out: ["error", "the device was unlinked from its account, and its keys are forgotten"],
  not_opened: ["error", "the device's credentials cannot be opened; it is tried again"],
  outdated: ["error", "WhatsApp refuses this version of WhatsApp Web; set WHATSAPP_VERSION"],
  pairing_refused: ["error", "WhatsApp does not take a pairing code for this number, or not now"],
  pairing_timeout: ["warn", "nobody has used the device's pairing code in time"],
  refused: ["warn", "WhatsApp refuses the connection; it is tried again, ever less"],
  replaced: [
    "error",
    "the device's credentials are in use elsewhere; end the other client, then POST /v1/devices/<id>/reconnect"
  ],
  restarting: ["info", "WhatsApp asks the device to connect anew"],
  server_closed: ["warn", "WhatsApp ended the connection; it is made again"],
  temporarily_banned: ["error", "WhatsApp has banned this account for a while"],
  unauthorized: ["error", "WhatsApp does not take this device's credentials, and does not say that it was unlinked"]
}

export const tellConnected = (device: DeviceId): Effect.Effect<void> =>
  notice(Effect.logInfo("a device is connected to WhatsApp", { device }))

/** Why a device is not connected: one line for each thing that happens to it. */
export const tellDisconnected = (device: DeviceId, reason: DisconnectReason): Effect.Effect<void> => {
  const [level, told] = words[reason]
  return notice(log[level](told, { device, reason }))
}
