import { concat, fromUtf8, utf8 } from "../Bytes.ts"

/** What was received, as it is kept: the headers that say something of the bytes, a line break, the bytes. */

const lineBreak = 0x0a
/** Among the headers, where no header can have that name: which gateway took it. */
const taker = ":proxy"

export interface RawWebhook {
  readonly headers: Readonly<Record<string, string>>
  readonly proxy?: string | undefined
  readonly bytes: Uint8Array
}

export const written = ({ bytes, headers, proxy }: RawWebhook): Uint8Array =>
  concat(utf8(`${JSON.stringify(proxy === undefined ? headers : { ...headers, [taker]: proxy })}\n`), bytes)

/** Throws on what was not written here. */
export const read = (kept: Uint8Array): RawWebhook => {
  const end = kept.indexOf(lineBreak)
  const { [taker]: proxy, ...headers }: Readonly<Record<string, string>> = JSON.parse(fromUtf8(kept.subarray(0, end)))
  return { headers, proxy, bytes: kept.subarray(end + 1) }
}
