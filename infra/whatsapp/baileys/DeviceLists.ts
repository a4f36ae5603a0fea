import { type BinaryNode, getBinaryNodeChild, type WASocket } from "@whiskeysockets/baileys"
import { lru } from "#domain/Lru.ts"
import type { Addresses } from "./Addresses.ts"
import type { Ack } from "./ServerWords.ts"

/** The server's word that somebody's devices are not those that we know: before the next message they are asked for anew. */
export interface DeviceLists {
  /** Names the last such word; `undefined` when what is known holds, as far as we were told. */
  readonly outdatedBy: (address: string) => number | undefined
  /** They were asked for after that word. */
  readonly renewed: (address: string, word: number) => void
}

/** Who is never written to again stands in no list for ever. Baileys forgets a list after five minutes anyway. */
const most = 10_000

/** The stanza names a device that does not exist any more, or has other keys. */
const staleDevices = "479"

/** Listens to notifications; acknowledgements are handed in. */
export const make = (
  { ws }: Pick<WASocket, "ws">,
  addresses: Addresses,
  ownAddress: () => string | undefined
): DeviceLists & { readonly heard: (ack: Ack) => void } => {
  const words = lru<number>(most)
  const hashes = lru<string>(most)
  let last = 0

  const outdate = (address: string | undefined) => {
    const person = addresses.person(address)
    if (person !== undefined) words.set(person, ++last)
  }

  ws.on("CB:notification,type:devices", ({ attrs }: BinaryNode) => outdate(attrs.from))
  ws.on("CB:notification,type:encrypt", (node: BinaryNode) => {
    // a phone with new keys has none of its old linked devices
    if (getBinaryNodeChild(node, "identity") !== undefined) outdate(node.attrs.from)
  })
  ws.on("CB:notification,type:account_sync", (node: BinaryNode) => {
    if (getBinaryNodeChild(node, "devices") !== undefined) outdate(ownAddress())
  })

  return {
    outdatedBy: (address) => words.get(addresses.person(address) ?? ""),

    renewed: (address, word) => {
      const person = addresses.person(address)
      if (person !== undefined && words.get(person) === word) words.delete(person)
    },

    /** A hash of the devices that a message should have gone to: each is reason to ask once, whatever comes of it. */
    heard: ({ error, from, phash }) => {
      if (error === staleDevices) outdate(from)
      const person = addresses.person(from)
      if (phash === undefined || person === undefined || hashes.get(person) === phash) return
      hashes.set(person, phash)
      outdate(from)
    }
  }
}
