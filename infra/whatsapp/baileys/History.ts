import "./QuietLibsignal.ts"
import { type BinaryNode, normalizeMessageContent, proto, type WASocket } from "@whiskeysockets/baileys"
import type { Heard } from "#domain/inbound/Heard.ts"
import { after } from "#domain/Timer.ts"
import type { Notes } from "./AuthState.ts"
import type { HistoryScope } from "./Config.ts"
import { ciphertextsOf, read } from "./Hearing.ts"
import * as Archive from "./HistoryArchive.ts"
import { factsIn } from "./HistoryFacts.ts"
import { keepSecretsOf } from "./HistorySecrets.ts"
import type { AlsoKnown } from "./heard/People.ts"
import type { Opened } from "./Opened.ts"
import type { Secrets } from "./Secrets.ts"
import type { Unopened } from "./Unopened.ts"

/** So many offers are opened at a time; the others are opened when there is room, or offered again. */
const mostWaiting = 8
/** So many are handed over together: what is said now waits for no more than these. */
const mostAtOnce = 128
const firstWaitMillis = 5_000
const longestWaitMillis = 5 * 60_000

const { HistorySyncType } = proto.HistorySync
const told: Readonly<Record<HistoryScope, ReadonlySet<number>>> = {
  off: new Set(),
  recent: new Set([HistorySyncType.INITIAL_BOOTSTRAP, HistorySyncType.RECENT]),
  full: new Set([HistorySyncType.INITIAL_BOOTSTRAP, HistorySyncType.RECENT, HistorySyncType.FULL])
}

/** When this device was linked, by the server's clock: at its first login, as near as that is. In seconds since 1970. */
const noteLinking = ({ ws }: Pick<WASocket, "ws">, notes: Notes): (() => number) => {
  const known = () => notes.get("linked", "at")
  ws.on("CB:success", ({ attrs }: BinaryNode) => {
    const at = Number(attrs.t)
    if (known() !== undefined || !Number.isSafeInteger(at)) return
    try {
      notes.set("linked", "at", at)
    } catch {} // the next login notes it
  })
  return () => {
    const at = known()
    return typeof at === "number" ? at : Number.POSITIVE_INFINITY
  }
}

/** What can wait together, as it comes. */
const together = function* (facts: Iterable<Heard>): Generator<ReadonlyArray<Heard>> {
  let some: Array<Heard> = []
  for (const fact of facts) {
    if (some.push(fact) < mostAtOnce) continue
    yield some
    some = []
  }
  yield some
}

const none = {}

interface Offering {
  readonly said: proto.IMessage
  readonly offer: Archive.Offer
}

/** The offer with what it leads to, padded as whatever is encrypted: Baileys shall not fetch it once more. */
const enclosing = (said: proto.IMessage, packed: Uint8Array): Uint8Array => {
  const { protocolMessage } = said
  const historySyncNotification = {
    ...protocolMessage?.historySyncNotification,
    initialHistBootstrapInlinePayload: packed
  }
  const message = { ...said, protocolMessage: { ...protocolMessage, historySyncNotification } }
  return Buffer.concat([proto.Message.encode(message).finish(), Uint8Array.of(1)])
}

/**
 * Hears what a phone remembers when a device is linked to it. Baileys acknowledges what it is offered as soon as it has
 * opened the offer, and no phone makes it twice. So Baileys sees the offer only when somebody holds all that it leads to;
 * whoever dies before that is offered it again. Beside what is said now, which waits for none of it.
 */
export const hearHistory = (
  { authState, ws }: Pick<WASocket, "authState" | "ws">,
  options: {
    readonly opened: Opened
    readonly secrets: Secrets
    readonly unopened: Unopened
    readonly alsoKnown: AlsoKnown
    readonly notes: Notes
    readonly scope: HistoryScope
    /** Whence a phone's files are fetched. */
    readonly origin: string
    readonly take: (heard: Heard) => Promise<boolean>
    readonly missing: (why: Archive.Missing) => void
    readonly breach: (cause: unknown, stanza: BinaryNode) => void
    /** It would not be borne this time either. */
    readonly isCertain: (stanza: BinaryNode) => boolean
  }
): ((stanza: BinaryNode, handOn: () => void) => void) => {
  const { alsoKnown, breach, isCertain, missing, notes, opened, origin, scope, secrets, take, unopened } = options
  const linkedAt = noteLinking({ ws }, notes)

  /** What the account's phone says in this stanza, if it offers history. Nobody else may offer any. */
  const offeringIn = async (stanza: BinaryNode): Promise<Offering | undefined> => {
    const { me } = authState.creds
    const message =
      me &&
      read(
        stanza,
        me,
        opened.reading(() => none)
      )
    if (message === undefined || message.fullMessage.key.fromMe !== true) return undefined
    await message.decrypt()
    const said = normalizeMessageContent(message.fullMessage.message)
    const offer = said?.protocolMessage?.historySyncNotification
    return said && offer && told[scope].has(offer.syncType ?? -1) ? { said, offer } : undefined
  }

  /** Tries until it is there, or the line is not: then it is offered again. */
  const fetched = async (offer: Archive.Offer): Promise<Uint8Array | Archive.Missing> => {
    for (let wait = firstWaitMillis; ; wait = Math.min(2 * wait, longestWaitMillis)) {
      const packed = await Archive.fetchPacked(offer, origin)
      if (packed !== "unreachable" || !ws.isOpen) return packed
      missing(packed)
      await new Promise<void>((resolve) => after(wait, resolve).unref())
      if (!ws.isOpen) return packed
    }
  }

  /** What was said in secret of a message that only the history has. */
  const tellLater = async (id: string): Promise<boolean> => {
    const later = await unopened.of(id)
    if (later.length === 0) return true
    const isHeld = !(await Promise.all(later.map(take))).includes(false)
    if (isHeld) await unopened.forget(id)
    return isHeld
  }

  /** Whether all of it is held, or never will be. */
  const keep = async (stanza: BinaryNode, { offer, said }: Offering): Promise<boolean> => {
    const { me } = authState.creds
    const packed = await fetched(offer)
    const history = typeof packed === "string" ? packed : await Archive.unpack(packed)
    if (history === "unreachable" || me === undefined) return false
    if (typeof history === "string") {
      missing(history)
      return true
    }
    const spokenOf = await keepSecretsOf(history, { keys: authState.keys, secrets, now: Date.now() / 1_000 })
    let isHeld = true
    for (const some of together(factsIn(history, { me, alsoKnown, linkedAt: linkedAt() }))) {
      if (!ws.isOpen) return false
      if ((await Promise.all(some.map(take))).includes(false)) isHeld = false
    }
    for (const id of spokenOf) if (!(await tellLater(id))) isHeld = false
    if (!isHeld) return false
    for (const ciphertext of ciphertextsOf(stanza)) opened.replace(ciphertext, enclosing(said, packed as Uint8Array))
    return true
  }

  let opening: Promise<unknown> = Promise.resolve()
  let keeping: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const hear = async (stanza: BinaryNode, handOn: () => void): Promise<void> => {
    if (waiting >= mostWaiting) await keeping
    if (!ws.isOpen) return // unheard, it is offered again
    const offering = await offeringIn(stanza)
    if (offering === undefined) return handOn()
    waiting += 1
    keeping = keeping
      .then(() => keep(stanza, offering))
      .then((isHeld) => {
        waiting -= 1
        if (isHeld && ws.isOpen) handOn()
      })
      .catch((cause) => breach(cause, stanza))
  }

  return (stanza, handOn) => {
    if (scope === "off" || isCertain(stanza)) return handOn()
    opening = opening.then(() => hear(stanza, handOn)).catch((cause) => breach(cause, stanza))
  }
}
