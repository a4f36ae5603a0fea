import { Result } from "effect"
import { base64url, fromBase64url, fromUtf8, utf8 } from "#domain/Bytes.ts"

/** A place in the log, as a word the caller gives back unread. It is good for one log in one epoch only. */
export const cursorOf = (epoch: string, position: bigint): string => base64url(utf8(`${epoch}/${position}`))

/** The views count to here. */
const lastPosition = 2n ** 63n - 1n

/** `undefined` for a word that is not a cursor of this log in this epoch. */
export const positionOf = (epoch: string, cursor: string): bigint | undefined => {
  const text = Result.getOrElse(
    Result.try(() => fromUtf8(fromBase64url(cursor))),
    () => ""
  )
  const digits = text.startsWith(`${epoch}/`) ? text.slice(epoch.length + 1) : ""
  const position = /^\d{1,19}$/.test(digits) ? BigInt(digits) : undefined
  return position !== undefined && position <= lastPosition ? position : undefined
}
