import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildBuffer } from "@whiskeysockets/baileys"

/** How a stanza becomes bytes. */
export type Encoding = (stanza: BinaryNode) => Uint8Array

/** A stanza, or a part of one. Attributes that are undefined are left out, as the wire format has no such value. */
export const element = (
  tag: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  content?: BinaryNode["content"]
): BinaryNode => {
  const attrs: Record<string, string> = {}
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) attrs[name] = value
  return content === undefined ? { tag, attrs } : { tag, attrs, content }
}

export const firstChild = (node: BinaryNode): BinaryNode | undefined =>
  Array.isArray(node.content) ? node.content[0] : undefined

/** The bytes of a child that the protocol demands. Throws when the client left it out. */
export const childBytes = (node: BinaryNode | undefined, tag: string): Buffer =>
  Buffer.from(present(getBinaryNodeChildBuffer(node, tag), tag))

/** A child that the protocol demands. Throws when the client left it out. */
export const child = (node: BinaryNode | undefined, tag: string): BinaryNode =>
  present(getBinaryNodeChild(node, tag), tag)

/** A field that the protocol demands. Throws, naming the field and never its value, when the client left it out. */
export const present = <A>(value: A | null | undefined, name: string): A => {
  if (value === null || value === undefined) throw new Error(`the client left out ${name}`)
  return value
}

/** A big-endian unsigned integer of any length. */
export const unsigned = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0)

/** Seconds since 1970, in decimal, as WhatsApp stamps its stanzas. */
export const unixSeconds = (): string => String(Math.floor(Date.now() / 1000))
