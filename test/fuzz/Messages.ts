import { proto } from "@whiskeysockets/baileys"
import type { Dice } from "../crash/Dice.ts"

const names = Object.getOwnPropertyNames(proto.Message.prototype).filter(
  (name) => /^[a-z]/.test(name) && !["constructor", "toJSON"].includes(name)
) as ReadonlyArray<keyof proto.IMessage>

const texts = [
  "",
  "a",
  "\ud800",
  "\u0000",
  "👍",
  "a".repeat(2_000),
  "900001@lid",
  "15550001:9@s.whatsapp.net",
  "@",
  "x@g.us"
]
const numbers = [0, 1, 2, 14, -1, 4_294_967_295, Number.NaN, Number.POSITIVE_INFINITY, 1e20]

/** What does something to another message is there more than once: of it more can be odd. */
const changes = ["protocolMessage", "reactionMessage", "pollUpdateMessage", "pinInChatMessage"] as const
const often = [...names, ...Array.from({ length: 5 }, () => changes).flat()]

/** Makes messages as no phone would: any kind, with any members, in anything. */
export const messages = (dice: Dice) => {
  const one = <A>(items: ReadonlyArray<A>): A => items[dice.below(items.length)]!
  const maybe = <A>(value: () => A) => (dice.below(3) === 0 ? undefined : value())
  const text = () => one(texts)
  const number = () => one(numbers)
  const bytes = () => Uint8Array.from({ length: dice.below(40) }, () => dice.below(256))
  const key = () => ({ id: maybe(text), fromMe: dice.below(2) === 0, remoteJid: maybe(text), participant: maybe(text) })
  const context = () => ({
    stanzaId: maybe(text),
    participant: maybe(text),
    remoteJid: maybe(text),
    mentionedJid: maybe(() => [text(), text()]),
    forwardingScore: maybe(() => dice.below(200)),
    expiration: maybe(() => dice.below(100_000))
  })

  const partOf = (depth: number): Record<string, unknown> => ({
    ...(dice.below(2) === 0 && { message: maybe(() => objectOf(depth + 1)) }),
    ...(dice.below(3) > 0 && {
      ...{ key: maybe(key), targetMessageKey: maybe(key), pollCreationMessageKey: maybe(key) },
      ...{
        type: maybe(() => (dice.below(2) === 0 ? one([0, 3, 14]) : dice.below(31))),
        secretEncType: dice.below(3),
        editedMessage: maybe(() => objectOf(depth + 1))
      },
      ...{ text: maybe(text), caption: maybe(text), name: maybe(text), displayName: maybe(text), vcard: maybe(text) },
      ...{ contextInfo: maybe(context), fileName: maybe(text), mimetype: maybe(text), fileSha256: maybe(bytes) },
      ...{
        fileLength: maybe(() => dice.below(1e9)),
        seconds: maybe(() => dice.below(100)),
        viewOnce: dice.below(2) === 0
      },
      ...{ degreesLatitude: maybe(number), degreesLongitude: maybe(number), ephemeralExpiration: dice.below(100) },
      ...{ options: maybe(() => Array.from({ length: dice.below(80) }, () => ({ optionName: maybe(text) }))) },
      ...{ contacts: maybe(() => [{ displayName: maybe(text) }]), encPayload: maybe(bytes), encIv: maybe(bytes) },
      ...{ vote: maybe(() => ({ encPayload: maybe(bytes), encIv: maybe(bytes) })) }
    })
  })
  const objectOf = (depth: number): Record<string, unknown> => {
    const name = depth > 12 ? "conversation" : one(often)
    return {
      [name]: name === "conversation" ? text() : partOf(depth),
      ...(dice.below(3) === 0 && { [one(names)]: partOf(depth + 8) }),
      ...(dice.below(3) === 0 && { messageContextInfo: { messageSecret: bytes(), messageAddOnDurationInSecs: 1 } })
    }
  }

  /** As protobuf's JSON, and as it is encoded. */
  return (): { readonly json: Record<string, unknown>; readonly encoded: Uint8Array } => {
    while (true) {
      const json = objectOf(0)
      try {
        const encoded = proto.Message.encode(proto.Message.fromObject(json)).finish()
        return { json, encoded }
      } catch {} // no message has such a member
    }
  }
}
