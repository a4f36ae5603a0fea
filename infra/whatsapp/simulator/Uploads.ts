import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto"
import type { RequestListener } from "node:http"
import { getMediaKeys } from "@whiskeysockets/baileys"
import type { Faults } from "./Faults.ts"

const folder = "/mms/"

/** What phones put onto WhatsApp's servers, encrypted: whoever is told the key reads it. */
export class Uploads {
  readonly #files = new Map<string, Buffer>()

  /** Resolves with what leads to it. */
  async put(plain: Uint8Array) {
    const mediaKey = randomBytes(32)
    const { cipherKey, iv, macKey } = await getMediaKeys(mediaKey, "md-msg-hist")
    const cipher = createCipheriv("aes-256-cbc", cipherKey, iv)
    const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
    const mac = createHmac("sha256", macKey!).update(iv).update(encrypted).digest().subarray(0, 10)
    const directPath = `${folder}${randomBytes(16).toString("hex")}`
    this.#files.set(directPath, Buffer.concat([encrypted, mac]))
    return { mediaKey, directPath, fileSha256: createHash("sha256").update(plain).digest() }
  }

  /** Answers for what lies here, and lets `others` answer for all else. */
  before(others: RequestListener, faults: Faults): RequestListener {
    return (request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://localhost")
      if (!pathname.startsWith(folder)) return others(request, response)
      const file = this.#files.get(pathname)
      response.writeHead(faults.fileStatus ?? (file ? 200 : 404)).end(faults.fileStatus === null ? file : undefined)
    }
  }
}
