import { concat, fromUtf8, utf8 } from "../Bytes.ts"

/** What was received, as it is kept: the headers that say something of the bytes, a line break, the bytes. */

const lineBreak = 0x0a

export interface RawWebhook {
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

export const written = ({ bytes, headers }: RawWebhook): Uint8Array =>
  concat(utf8(`${JSON.stringify(headers)}\n`), bytes)

/** Throws on what was not written here. */
export const read = (kept: Uint8Array): RawWebhook => {
  const end = kept.indexOf(lineBreak)
  return { headers: JSON.parse(fromUtf8(kept.subarray(0, end))), bytes: kept.subarray(end + 1) }
}
