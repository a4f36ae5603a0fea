import { NOISE_WA_HEADER } from "@whiskeysockets/baileys"
import { cutFrames } from "../baileys/Frames.ts"

const headerLength = NOISE_WA_HEADER.byteLength
const lengthBytes = 3
const routingPrefixLength = 7
const longestFrame = 4 * 1024 * 1024 - lengthBytes

/** Cuts a client's bytes into frames, after the routing hint ("ED", 0, 1, length, hint), if any, and the header "WA". */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)
  #introduced = false

  /** The frames completed by these bytes. Throws on another header and on a frame of more than 4 MiB. */
  read(bytes: Buffer): ReadonlyArray<Buffer> {
    this.#rest = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    if (!this.#introduced && !this.#readIntroduction()) return []
    const { frames, rest } = cutFrames(this.#rest)
    const begun = rest.byteLength < lengthBytes ? 0 : rest.readUIntBE(0, lengthBytes)
    if (Math.max(begun, ...frames.map(({ byteLength }) => byteLength)) > longestFrame) throw new Error("frame too long")
    this.#rest = rest
    return frames
  }

  #readIntroduction(): boolean {
    const hint = this.#rest.subarray(0, 2).toString() === "ED"
    if (hint && this.#rest.byteLength < routingPrefixLength) return false
    const start = hint ? routingPrefixLength + this.#rest.readUIntBE(4, lengthBytes) : 0
    if (this.#rest.byteLength < start + headerLength) return false
    if (!this.#rest.subarray(start, start + headerLength).equals(NOISE_WA_HEADER)) throw new Error("unknown header")
    this.#rest = this.#rest.subarray(start + headerLength)
    this.#introduced = true
    return true
  }
}
