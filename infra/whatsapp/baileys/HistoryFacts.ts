import "./QuietLibsignal.ts"
import { type BinaryNode, proto, type WAMessage } from "@whiskeysockets/baileys"
import type { Heard } from "#domain/inbound/Heard.ts"
import { factOf } from "./Facts.ts"
import { stubFactOf } from "./HistoryStubs.ts"
import type { AlsoKnown } from "./heard/People.ts"

/** What a phone remembers of its chats, as facts. */

interface Telling {
  readonly me: { readonly id: string; readonly lid?: string | undefined }
  readonly alsoKnown: AlsoKnown
  /** In seconds since 1970, by the server's clock: what was said later is news. */
  readonly linkedAt: number
}

/** Which two addresses are one person's, as the phone itself says. */
const pairsIn = ({ conversations, phoneNumberToLidMappings }: proto.HistorySync): AlsoKnown => {
  const others = new Map<string, string>()
  const learn = (one: string | null | undefined, other: string | null | undefined) => {
    if (!one || !other || one === other) return
    others.set(one, other)
    others.set(other, one)
  }
  for (const { lidJid, pnJid } of phoneNumberToLidMappings) learn(lidJid, pnJid)
  for (const { id, lidJid, pnJid } of conversations) learn(id, id?.endsWith("@lid") ? pnJid : lidJid)
  return (address) => others.get(address)
}

/** By address, how people call themselves. */
const namesIn = ({ pushnames }: proto.HistorySync): ReadonlyMap<string, string> =>
  new Map(pushnames.flatMap(({ id, pushname }) => (id && pushname ? [[id, pushname] as const] : [])))

/** As a stanza that comes says it. */
const stanzaOf = ({ key, messageTimestamp, pushName }: proto.IWebMessageInfo, name: string | undefined): BinaryNode => {
  const called = pushName ?? name
  return {
    tag: "message",
    attrs: { id: key?.id ?? "", t: String(messageTimestamp ?? ""), ...(called && { notify: called }) }
  }
}

const messageOf = (info: proto.IWebMessageInfo): WAMessage => {
  const participant = info.key?.participant ?? info.participant
  return { ...info, key: { ...info.key, ...(participant && { participant }) } } as WAMessage
}

const byTime = (one: proto.IWebMessageInfo, other: proto.IWebMessageInfo) =>
  Number(one.messageTimestamp ?? 0) - Number(other.messageTimestamp ?? 0)

/** The phone could not read it either, or keeps nothing of it. */
const isEmpty = ({ message, messageStubType }: proto.IWebMessageInfo) =>
  !message || messageStubType === proto.WebMessageInfo.StubType.CIPHERTEXT

/** Of each chat the oldest first; phones have them the other way round. */
export const factsIn = function* (history: proto.HistorySync, telling: Telling): Generator<Heard> {
  const { linkedAt, me } = telling
  const pairs = pairsIn(history)
  const names = namesIn(history)
  const alsoKnown: AlsoKnown = (address) => pairs(address) ?? telling.alsoKnown(address)
  for (const { messages } of history.conversations) {
    const past = (messages ?? []).flatMap(({ message }) => message ?? []).reverse()
    for (const info of past.sort(byTime)) {
      const message = messageOf(info)
      const speaker = message.key.participant ?? message.key.remoteJid ?? ""
      const stanza = stanzaOf(info, message.key.fromMe ? undefined : names.get(speaker))
      const stub = stubFactOf(stanza, message, me, alsoKnown)
      const fact = stub ?? (isEmpty(info) ? undefined : factOf(stanza, { opened: message }, me, alsoKnown))
      if (fact === undefined) continue
      const isHistory = fact.sentAt === undefined || Number(info.messageTimestamp) < linkedAt
      yield isHistory ? { ...fact, isHistory } : fact
    }
  }
}
