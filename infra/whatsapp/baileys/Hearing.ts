import "./QuietLibsignal.ts"
import {
  type BinaryNode,
  type Contact,
  decryptMessageNode,
  unpadRandomMax16,
  type WAMessage,
  type WASocket
} from "@whiskeysockets/baileys"
import type { Heard } from "#domain/inbound/Heard.ts"
import { silent } from "./Config.ts"
import { factOf } from "./Facts.ts"
import { encodedOf } from "./heard/Encoded.ts"
import type { AlsoKnown } from "./heard/People.ts"
import { secretNeededBy } from "./heard/Secretly.ts"
import { mostOpened, type Opened, type Rows } from "./Opened.ts"
import type { Secrets } from "./Secrets.ts"

const messages = "CB:message"

/** Nothing when it cannot be made out whose it is: Baileys refuses such a stanza. */
const read = (stanza: BinaryNode, me: Contact, repository: WASocket["signalRepository"]) => {
  try {
    return decryptMessageNode(stanza, me.id, me.lid ?? "", repository, silent)
  } catch {
    return undefined
  }
}

const none: Rows = {}

const unpadded = (plain: Uint8Array): Uint8Array | undefined => {
  try {
    return unpadRandomMax16(plain)
  } catch {
    return undefined // and Baileys, which does the same, takes it for unreadable
  }
}

/**
 * Hears what is sent to the account. Baileys tells WhatsApp that it has a message as soon as it has opened it, and WhatsApp
 * never offers it again after that. So Baileys sees each one only when somebody holds what it says. In the order in which
 * they come: opened one after the other, handed on one after the other.
 */
export const hearMessages = (
  sock: WASocket,
  options: {
    readonly opened: Opened
    readonly secrets: Secrets
    readonly alsoKnown: AlsoKnown
    /** Resolves when somebody holds it. */
    readonly take: (heard: Heard) => Promise<void>
    /** This stanza could not be borne. */
    readonly breach: (cause: unknown, stanza: BinaryNode) => void
  }
): void => {
  const { alsoKnown, breach, opened, secrets, take } = options
  const { authState, signalRepository, ws } = sock
  const listeners = ws.listeners(messages)

  /** As Baileys does before it opens: whoever wrote under the other address is the one that a session is with. */
  const acquaint = async ({ key }: WAMessage) => {
    const [address, also] = [key.participant ?? key.remoteJid, key.participantAlt ?? key.remoteJidAlt]
    if (!address || !also) return
    const isLid = also.endsWith("@lid")
    const [lid, pn] = isLid ? [also, address] : [address, also]
    if (isLid && (await signalRepository.lidMapping.getPNForLID(also))) return
    await signalRepository.lidMapping.storeLIDPNMappings([{ lid, pn }])
    await signalRepository.migrateSession(pn, lid)
  }

  const open = async (stanza: BinaryNode): Promise<Heard | undefined> => {
    const { me } = authState.creds
    if (me === undefined) return undefined
    const plains: Array<Uint8Array> = []
    const repository = opened.reading((padded) => {
      const plain = unpadded(padded)
      if (plain === undefined) return none
      plains.push(plain)
      return secrets.rowsFor(stanza.attrs.id ?? "", plain)
    })
    const message = read(stanza, me, repository)
    if (message === undefined) return undefined
    const { decrypt, fullMessage } = message
    await acquaint(fullMessage)
    await decrypt()
    const encoded = encodedOf(plains)
    const needed = fullMessage.message ? secretNeededBy(fullMessage.message) : undefined
    const known = needed === undefined ? [] : await secrets.of(needed)
    return factOf(stanza, { opened: fullMessage, ...(encoded && { encoded }), secrets: known }, me, alsoKnown)
  }

  const handOn = (stanza: BinaryNode) => {
    for (const listener of listeners) listener(stanza)
  }
  const ciphertextsOf = ({ content }: BinaryNode) =>
    (Array.isArray(content) ? content : []).flatMap((child) =>
      child.tag === "enc" && child.content instanceof Uint8Array ? [child.content] : []
    )

  let opening: Promise<unknown> = Promise.resolve()
  let handing: Promise<unknown> = Promise.resolve()
  /** Of those that somebody does not hold yet, the oldest first. */
  const waiting: Array<Promise<void>> = []

  const hear = async (stanza: BinaryNode): Promise<void> => {
    if (waiting.length >= mostOpened / 2) await waiting[0]
    if (!ws.isOpen) return // unheard, it is offered again
    const heard = await open(stanza)
    const taken = heard === undefined ? Promise.resolve() : take(heard)
    waiting.push(taken)
    const before = handing
    handing = Promise.all([before, taken]).then(() => {
      waiting.shift()
      opened.release(ciphertextsOf(stanza))
      if (ws.isOpen) handOn(stanza)
    })
  }

  ws.removeAllListeners(messages)
  ws.on(messages, (stanza: BinaryNode) => {
    if (stanza.attrs.category === "peer") return handOn(stanza) // from the account's phone to its devices, for nobody to hear
    opening = opening.then(() => hear(stanza)).catch((cause) => breach(cause, stanza))
  })
}
