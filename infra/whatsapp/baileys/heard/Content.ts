import { proto } from "@whiskeysockets/baileys"
import { base64url } from "#domain/Bytes.ts"
import type { HeardContent } from "#domain/inbound/Heard.ts"
import { changeOf } from "./Changes.ts"
import { saysMore } from "./Encoded.ts"
import { firstFitting } from "./Fitting.ts"
import { saidOf } from "./Said.ts"
import { type Unwrapped, unwrapped } from "./Unwrapped.ts"
import type { Whereabouts } from "./Whereabouts.ts"

/** What accounts tell their own devices to keep them in step: nobody has said it, and some of it is secret. */
const internal = [
  "appStateFatalExceptionNotification",
  "appStateSyncKeyRequest",
  "appStateSyncKeyShare",
  "historySyncNotification",
  "initialSecurityNotificationSettingSync",
  "lidMigrationMappingSyncMessage",
  "peerDataOperationRequestMessage",
  "peerDataOperationRequestResponseMessage"
] as const

const isInternal = ({ name, part }: Unwrapped) =>
  name === "protocolMessage" && internal.some((member) => (part as proto.Message.IProtocolMessage)[member] != null)

/**
 * What a message says to people; nothing when it says something to devices alone. `encoded`: as it came, where that is known.
 * `secrets`: those that the message of which it speaks may have (`secretNeededBy`).
 */
export const contentOf = (
  message: proto.IMessage,
  where: Whereabouts,
  { encoded: came, secrets = [] }: { readonly encoded?: Uint8Array; readonly secrets?: ReadonlyArray<Uint8Array> } = {}
): HeardContent | undefined => {
  const encoded = came ?? encodedAnew(message)
  if (encoded === undefined) return { type: "undecryptable" }
  const whole = unwrapped(message)
  if (whole === undefined) return saysMore(encoded) ? unknown(encoded) : undefined
  if (isInternal(whole)) return undefined
  const change = () => changeOf(whole, { ...where, secrets, raw: base64url(encoded) })
  return firstFitting([change]) ?? saidOf(whole, where, encoded)
}

/** Nothing where it is nested so deeply that it cannot be. */
const encodedAnew = (message: proto.IMessage): Uint8Array | undefined => {
  try {
    return proto.Message.encode(message).finish()
  } catch {
    return undefined
  }
}

/** Of a kind that is newer than this release. */
const unknown = (encoded: Uint8Array): HeardContent => {
  const name = "unknown"
  const content = firstFitting([() => ({ type: "other", name, raw: base64url(encoded) })])
  return content ?? { type: "oversized", name, bytes: encoded.length }
}
