import { createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { createInflate } from "node:zlib"
import "./QuietLibsignal.ts"
import { getMediaKeys, proto } from "@whiskeysockets/baileys"

/** Where a phone puts the history that it offers: into the offer itself, or encrypted onto WhatsApp's servers. */

export type Offer = proto.Message.IHistorySyncNotification

/** What is `unreachable` may be there later; all else is for ever. */
export type Missing = "gone" | "damaged" | "oversized" | "unreachable"

const mostPackedBytes = 64 * 1_024 * 1_024
/** Unpacked, it lies in memory several times over. */
const mostBytes = 128 * 1_024 * 1_024
const patienceMillis = 120_000
const macBytes = 10
/** By which a server refuses whoever asks now; any other refusal of the asker's making stands for ever. */
const forNow: ReadonlySet<number> = new Set([408, 421, 425, 429])
const isGone = (status: number) => status >= 400 && status < 500 && !forNow.has(status)

class Oversized extends Error {}

/** Whence files are fetched: from WhatsApp's own server, or from whoever stands in for WhatsApp. */
export const originOf = (webSocketUrl: string | undefined): string => {
  if (webSocketUrl === undefined) return "https://mmg.whatsapp.net"
  const { host, protocol } = new URL(webSocketUrl)
  return `${protocol === "wss:" ? "https:" : "http:"}//${host}`
}

/** What comes, as long as it stays within its bounds. */
const gathered = async (chunks: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> => {
  const bounded = async function* () {
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > most) throw new Oversized()
      yield chunk
    }
  }
  return buffer(bounded())
}

/** Nothing where it is not what was offered. */
const opened = async (sealed: Buffer, { fileSha256, mediaKey }: Offer): Promise<Uint8Array | undefined> => {
  const { cipherKey, iv, macKey } = await getMediaKeys(mediaKey, "md-msg-hist")
  const [ciphertext, mac] = [sealed.subarray(0, -macBytes), sealed.subarray(-macBytes)]
  const wanted = createHmac("sha256", macKey!).update(iv).update(ciphertext).digest().subarray(0, macBytes)
  if (mac.length !== macBytes || !timingSafeEqual(wanted, mac)) return undefined
  const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv)
  const packed = Buffer.concat([decipher.update(ciphertext), decipher.final()])
  return !fileSha256?.length || createHash("sha256").update(packed).digest().equals(fileSha256) ? packed : undefined
}

const fetched = async (offer: Offer, origin: string): Promise<Uint8Array | Missing> => {
  const { directPath, mediaKey } = offer
  if (!mediaKey?.length || !directPath?.startsWith("/")) return "damaged"
  let sealed: Buffer
  try {
    const answer = await fetch(`${origin}${directPath}`, {
      headers: { Origin: "https://web.whatsapp.com" },
      redirect: "error",
      signal: AbortSignal.timeout(patienceMillis)
    })
    if (!answer.ok) return isGone(answer.status) ? "gone" : "unreachable"
    if (answer.body === null) return "damaged"
    sealed = await gathered(answer.body, mostPackedBytes)
  } catch (cause) {
    return cause instanceof Oversized ? "oversized" : "unreachable"
  }
  return (await opened(sealed, offer).catch(() => undefined)) ?? "damaged"
}

/** The history that is offered, still packed. */
export const fetchPacked = async (offer: Offer, origin: string): Promise<Uint8Array | Missing> => {
  const enclosed = offer.initialHistBootstrapInlinePayload
  return enclosed?.length ? enclosed : fetched(offer, origin)
}

export const unpack = async (packed: Uint8Array): Promise<proto.HistorySync | Missing> => {
  try {
    return proto.HistorySync.decode(await gathered(Readable.from([packed]).pipe(createInflate()), mostBytes))
  } catch (cause) {
    return cause instanceof Oversized ? "oversized" : "damaged"
  }
}
