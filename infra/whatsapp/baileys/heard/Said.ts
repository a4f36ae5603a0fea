import { proto } from "@whiskeysockets/baileys"
import { base64url } from "#domain/Bytes.ts"
import type { HeardContent } from "#domain/inbound/Heard.ts"
import { contextOf } from "./Context.ts"
import { firstFitting, longestRaw } from "./Fitting.ts"
import { type Unwrapped, unwrapped } from "./Unwrapped.ts"
import { flag, label, natural, present, words } from "./Values.ts"
import type { Whereabouts } from "./Whereabouts.ts"

type Said = Extract<HeardContent, { readonly raw?: string } | { readonly type: "oversized" | "undecryptable" }>
type Message = Exclude<Said, { readonly type: "vote" }>
/** Its members, without what goes with whatever is said. */
type Members = Record<string, unknown> & { readonly type: Message["type"] }

interface File {
  readonly mimetype?: string | null
  readonly fileLength?: unknown
  readonly fileSha256?: Uint8Array | null
}
const fileOf = ({ fileLength, fileSha256, mimetype }: File) => ({
  mime: label(mimetype, 256),
  bytes: natural(fileLength),
  sha256: fileSha256?.length ? base64url(fileSha256) : undefined
})
const sizeOf = ({ height, width }: { readonly height?: number | null; readonly width?: number | null }) => ({
  width: natural(width) || undefined,
  height: natural(height) || undefined
})

const videoOf = (video: proto.Message.IVideoMessage, isNote?: true): Members => ({
  type: "video",
  ...fileOf(video),
  ...sizeOf(video),
  seconds: natural(video.seconds),
  caption: words(video.caption),
  isNote,
  isLoop: flag(video.gifPlayback)
})

const pollOf = ({ name, options, selectableOptionsCount }: proto.Message.IPollCreationMessage): Members => ({
  type: "poll",
  question: (name ?? "").toWellFormed(),
  options: (options ?? []).map(({ optionName }) => (optionName ?? "").toWellFormed()),
  mostChosen: natural(selectableOptionsCount) || undefined
})

const cardsOf = (contacts: ReadonlyArray<proto.Message.IContactMessage>): Members => ({
  type: "contacts",
  cards: contacts.map(({ displayName, vcard }) => ({
    name: label(displayName, 1_024) ?? "",
    vcard: (vcard ?? "").toWellFormed()
  }))
})

type Kinds = { readonly [Name in keyof proto.IMessage]: (part: NonNullable<proto.IMessage[Name]>) => Members }

const kinds: Kinds = {
  conversation: (text) => ({ type: "text", text: text.toWellFormed() }),
  extendedTextMessage: ({ text }) => ({ type: "text", text: (text ?? "").toWellFormed() }),
  imageMessage: (image) => ({ type: "image", ...fileOf(image), ...sizeOf(image), caption: words(image.caption) }),
  videoMessage: (video) => videoOf(video),
  ptvMessage: (video) => videoOf(video, true),
  audioMessage: (audio) => ({
    type: "audio",
    ...fileOf(audio),
    seconds: natural(audio.seconds),
    isVoice: flag(audio.ptt)
  }),
  documentMessage: (document) => ({
    type: "document",
    ...fileOf(document),
    fileName: label(document.fileName ?? document.title, 1_024),
    pages: natural(document.pageCount) || undefined,
    caption: words(document.caption)
  }),
  stickerMessage: (sticker) => ({
    type: "sticker",
    ...fileOf(sticker),
    ...sizeOf(sticker),
    isAnimated: flag(sticker.isAnimated || sticker.isLottie)
  }),
  locationMessage: ({ address, degreesLatitude, degreesLongitude, isLive, name }) => ({
    type: "location",
    latitude: degreesLatitude,
    longitude: degreesLongitude,
    name: label(name, 1_024),
    address: label(address, 4_096),
    isLive: flag(isLive)
  }),
  liveLocationMessage: ({ caption, degreesLatitude, degreesLongitude }) => ({
    type: "location",
    latitude: degreesLatitude,
    longitude: degreesLongitude,
    name: label(caption, 1_024),
    isLive: true
  }),
  contactMessage: (contact) => cardsOf([contact]),
  contactsArrayMessage: ({ contacts }) => cardsOf(contacts ?? []),
  pollCreationMessage: pollOf,
  pollCreationMessageV2: pollOf,
  pollCreationMessageV3: pollOf,
  pollCreationMessageV5: pollOf
}

/** Only the text, and what is said to devices. */
const isBare = ({ name, part, wrappers }: Unwrapped) =>
  wrappers.size === 0 &&
  (name === "conversation" ||
    (name === "extendedTextMessage" && Object.keys(part as object).every((member) => member === "text")))

/** What was said to people. What it is too long for, or has no words for, is told as it was encoded. */
export const saidOf = (whole: Unwrapped, where: Whereabouts, encoded: Uint8Array): Message => {
  const name = whole.name.slice(0, 64)
  const raw = base64url(encoded)
  const takenApart = () => {
    const kind = kinds[whole.name] as ((part: unknown) => Members) | undefined
    const members = kind?.(whole.part)
    if (members === undefined) return undefined
    const isAlone = members.type === "text" && (isBare(whole) || raw.length > longestRaw)
    return { ...present(members), ...contextOf(whole, where), ...(!isAlone && { raw }) }
  }
  const content = firstFitting([
    takenApart,
    () => ({ type: "other", name, ...contextOf(whole, where), raw }),
    () => ({ type: "other", name, raw })
  ])
  return (content as Message | undefined) ?? { type: "oversized", name, bytes: encoded.length }
}

/** What an earlier message says instead. Nothing when it says nothing. */
export const saidInstead = (message: proto.IMessage | null | undefined, where: Whereabouts): Message | undefined => {
  const whole = message ? unwrapped(message) : undefined
  return whole && saidOf(whole, where, proto.Message.encode(message!).finish())
}
