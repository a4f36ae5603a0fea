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
import { type HeldStanzas, standBefore } from "./HeldStanzas.ts"
import { encodedOf } from "./heard/Encoded.ts"
import type { AlsoKnown } from "./heard/People.ts"
import { secretNeededBy } from "./heard/Secretly.ts"
import type { Opened, Rows } from "./Opened.ts"
import type { Secrets } from "./Secrets.ts"
import { tellingWith, type Unopened } from "./Unopened.ts"

/** Nothing when it cannot be made out whose it is: Baileys refuses such a stanza. */
export const read = (stanza: BinaryNode, me: Contact, repository: WASocket["signalRepository"]) => {
  try {
    return decryptMessageNode(stanza, me.id, me.lid ?? "", repository, silent)
  } catch {
    return undefined
  }
}

const none: Rows = {}
const nothing = { taken: Promise.resolve(true) }
const idOf = ({ attrs }: BinaryNode) => attrs.id ?? ""

const unpadded = (plain: Uint8Array): Uint8Array | undefined => {
  try {
    return unpadRandomMax16(plain)
  } catch {
    return undefined // and Baileys, which does the same, takes it for unreadable
  }
}

/**
 * Hears what is sent to the account. Baileys tells WhatsApp that it has a message as soon as it has opened it, and WhatsApp
 * never offers it again after that. So Baileys sees each one only when somebody holds what it says.
 */
export const hearMessages = (
  sock: WASocket,
  options: {
    readonly opened: Opened
    readonly secrets: Secrets
    readonly unopened: Unopened
    readonly alsoKnown: AlsoKnown
    readonly stanzas: HeldStanzas
    /** Resolves when somebody holds it. */
    readonly take: (heard: Heard) => Promise<boolean>
    /** What the account's phone tells its devices. */
    readonly hearPeer: (stanza: BinaryNode, handOn: () => void) => void
  }
): void => {
  const { alsoKnown, hearPeer, opened, secrets, stanzas, unopened } = options
  const { authState, signalRepository, ws } = sock
  const handOn = standBefore(ws, "message")
  const tell = tellingWith(unopened, options.take)

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
      return secrets.rowsFor(idOf(stanza), plain)
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

  /** What could not be read when it came may be readable when its turn is over: what came behind it had the key. */
  const hearAgain = async (stanza: BinaryNode): Promise<boolean> => {
    const heard = await open(stanza)
    return heard === undefined || isUnread(heard) || (await tell(heard, idOf(stanza))).taken
  }

  const hold = (stanza: BinaryNode) => {
    let wasUnread = false
    const hear = async () => {
      const heard = await open(stanza)
      wasUnread = heard !== undefined && isUnread(heard)
      return heard === undefined ? nothing : tell(heard, idOf(stanza))
    }
    stanzas.hold(stanza, hear, async () => {
      // whatever comes of it, Baileys opens nothing that was not opened here
      const isHeld = !wasUnread || (await hearAgain(stanza).catch(() => true))
      if (isHeld && ws.isOpen) release(stanza)
    })
  }

  const release = (stanza: BinaryNode) => {
    opened.release(ciphertextsOf(stanza))
    handOn(stanza)
  }

  ws.on("CB:message", (stanza: BinaryNode) => {
    if (stanza.attrs.category === "peer") hearPeer(stanza, () => release(stanza))
    else hold(stanza)
  })
}

const isUnread = ({ content }: Heard) => content.type === "undecryptable"

/** What is encrypted in a stanza. */
export const ciphertextsOf = ({ content }: BinaryNode) =>
  (Array.isArray(content) ? content : []).flatMap((child) =>
    child.tag === "enc" && child.content instanceof Uint8Array ? [child.content] : []
  )
