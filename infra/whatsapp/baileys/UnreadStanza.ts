import { promisify } from "node:util"
import { inflate } from "node:zlib"
import { type BinaryNode, decodeBinaryNode } from "@whiskeysockets/baileys"

const largestInflated = 1024 * 1024
const compressed = 2

/**
 * The tag and the attributes, as far as they can be read, of a stanza that Baileys cannot read, or `undefined`. Baileys
 * reads all or nothing, and one address without a server is enough for nothing.
 */
export const readHead = async (bytes: Buffer): Promise<BinaryNode | undefined> => {
  try {
    return await readFrom(await plain(bytes))
  } catch {
    return undefined
  }
}

const plain = async (bytes: Buffer): Promise<Buffer> => {
  const rest = bytes.subarray(1)
  return (bytes.readUInt8() & compressed) === 0 ? rest : promisify(inflate)(rest, { maxOutputLength: largestInflated })
}

const readFrom = async (bytes: Buffer): Promise<BinaryNode> => {
  const isLong = bytes.readUInt8() === tags.longList
  const size = isLong ? bytes.readUInt16BE(1) : bytes.readUInt8(1)
  const words: Array<string | undefined> = []
  let at = isLong ? 3 : 2
  try {
    while (words.length < size - (size % 2 === 0 ? 1 : 0)) {
      const end = endOf(bytes, at)
      words.push(await wordOf(bytes.subarray(at, end)))
      at = end
    }
  } catch {} // what came before it is known
  const [tag, ...pairs] = words
  const attrs: Record<string, string> = {}
  for (let n = 0; n + 1 < pairs.length; n += 2) {
    const [name, value] = pairs.slice(n, n + 2)
    if (name !== undefined && value !== undefined) attrs[name] = value
  }
  return { tag: tag ?? "", attrs }
}

const tags = {
  interop: 245,
  facebook: 246,
  device: 247,
  longList: 249,
  address: 250,
  hex: 251,
  short: 252,
  longer: 253,
  longest: 254,
  nibbles: 255
}

/** Where the word that begins here ends. */
const endOf = (bytes: Buffer, at: number): number => {
  const tag = bytes.readUInt8(at)
  if (tag === tags.address) return endOf(bytes, endOf(bytes, at + 1))
  if (tag === tags.device) return endOf(bytes, at + 3)
  if (tag === tags.facebook) return endOf(bytes, endOf(bytes, at + 1) + 2)
  if (tag === tags.interop) return endOf(bytes, endOf(bytes, at + 1) + 4)
  if (tag === tags.hex || tag === tags.nibbles) return at + 2 + (bytes.readUInt8(at + 1) & 127)
  if (tag === tags.short) return at + 2 + bytes.readUInt8(at + 1)
  if (tag === tags.longer) return at + 4 + (bytes.readUIntBE(at + 1, 3) & 0xfffff)
  if (tag === tags.longest) return at + 5 + bytes.readUInt32BE(at + 1)
  if (tag > 239) throw new Error("no word begins here")
  return at + (tag < 236 ? 1 : 2)
}

const wordOf = async (word: Buffer): Promise<string | undefined> => {
  if (word[0] === tags.address) {
    const middle = endOf(word, 1)
    return `${(await wordOf(word.subarray(1, middle))) ?? ""}@${(await wordOf(word.subarray(middle))) ?? ""}`
  }
  // as the tag of a stanza without anything else
  return decodeBinaryNode(Buffer.concat([Buffer.of(0, 248, 1), word])).then(
    ({ tag }) => tag,
    () => undefined
  )
}
