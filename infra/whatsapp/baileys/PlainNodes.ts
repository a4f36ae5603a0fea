import type { BinaryNode } from "@whiskeysockets/baileys"

const list = { empty: 0, short: 248, long: 249 }
const bytes = { short: 252, long: 254 }

/**
 * A stanza on the wire with every word written out. Baileys' own form shortens what looks like an address, and of some
 * makes bytes that nobody can read, its own reader included.
 */
export const encodePlainly = (node: BinaryNode): Buffer => Buffer.concat([Buffer.of(0), ...elements(node)])

/**
 * Baileys writes this stanza's id as another, or so that nobody can read what it stands in: what looks like an address, and
 * the name of what every object has. Ids are made by whoever sends: one contact could end connections, or be offered for ever.
 */
export const isMiswritten = ({ attrs: { id = "" } }: BinaryNode): boolean => id.includes("@") || id in Object.prototype

const elements = ({ attrs, content, tag }: BinaryNode): Array<Buffer> => {
  const words = Object.entries(attrs).filter(([, value]) => typeof value === "string")
  const parts = [listOf(1 + 2 * words.length + (content === undefined ? 0 : 1)), run(tag), ...words.flat().map(run)]
  if (Array.isArray(content)) parts.push(listOf(content.length), ...content.flatMap(elements))
  else if (content !== undefined) parts.push(run(content))
  return parts
}

const listOf = (size: number): Buffer => {
  if (size === 0) return Buffer.of(list.empty)
  return size < 256 ? Buffer.of(list.short, size) : Buffer.of(list.long, size >> 8, size & 0xff)
}

const run = (value: string | Uint8Array): Buffer => {
  const body = Buffer.from(value as Uint8Array)
  if (body.length < 256) return Buffer.concat([Buffer.of(bytes.short, body.length), body])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([Buffer.of(bytes.long), length, body])
}
