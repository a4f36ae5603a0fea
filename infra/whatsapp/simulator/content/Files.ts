import { randomBytes } from "node:crypto"
import type { proto } from "@whiskeysockets/baileys"
import { Schema } from "effect"
import { Count, Text } from "./Members.ts"

const about = {
  mimetype: Schema.optionalKey(Text),
  /** In bytes. */
  size: Schema.optionalKey(Count),
  /** Of the file, in hexadecimal; any, when left out. */
  sha256: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)))
}
const caption = Schema.optionalKey(Text)
const viewOnce = Schema.optionalKey(Schema.Boolean)

const image = Schema.Struct({ kind: Schema.Literal("image"), caption, viewOnce, ...about })
const video = Schema.Struct({
  kind: Schema.Literal("video"),
  caption,
  viewOnce,
  seconds: Schema.optionalKey(Count),
  /** A round one. */
  note: Schema.optionalKey(Schema.Boolean),
  ...about
})
const audio = Schema.Struct({
  kind: Schema.Literal("audio"),
  viewOnce,
  seconds: Schema.optionalKey(Count),
  /** Recorded, rather than a file. */
  voice: Schema.optionalKey(Schema.Boolean),
  ...about
})
const document = Schema.Struct({
  kind: Schema.Literal("document"),
  caption,
  fileName: Schema.optionalKey(Text),
  ...about
})
const sticker = Schema.Struct({ kind: Schema.Literal("sticker"), ...about })

export const files = [image, video, audio, document, sticker] as const
const SentFile = Schema.Union(files)
export type SentFile = typeof SentFile.Type

const usual = {
  image: "image/jpeg",
  video: "video/mp4",
  audio: "audio/ogg; codecs=opus",
  document: "application/pdf",
  sticker: "image/webp"
}

/** All that is said of a file. There is none: the path leads nowhere, and the key opens nothing. */
const fileOf = ({ kind, mimetype = usual[kind], sha256, size = 1024 }: SentFile) => ({
  mimetype,
  fileLength: size,
  fileSha256: sha256 === undefined ? randomBytes(32) : Buffer.from(sha256, "hex"),
  fileEncSha256: randomBytes(32),
  mediaKey: randomBytes(32),
  mediaKeyTimestamp: Math.floor(Date.now() / 1000),
  directPath: `/simulated/${randomBytes(9).toString("hex")}.enc`
})

/** A picture is seen once when the sender says so; a document with a caption is wrapped, as phones do it. */
export const composeFile = (sent: SentFile): proto.IMessage => {
  const content = unwrapped(sent)
  if ("viewOnce" in sent && sent.viewOnce) return { viewOnceMessageV2: { message: content } }
  if (sent.kind === "document" && sent.caption !== undefined)
    return { documentWithCaptionMessage: { message: content } }
  return content
}

const unwrapped = (sent: SentFile): proto.IMessage => {
  const file = fileOf(sent)
  const said = "caption" in sent && sent.caption !== undefined ? { caption: sent.caption } : {}
  const once = "viewOnce" in sent && sent.viewOnce ? { viewOnce: true } : {}
  switch (sent.kind) {
    case "image":
      return { imageMessage: { ...file, ...said, ...once } }
    case "video":
      return { [sent.note ? "ptvMessage" : "videoMessage"]: { ...file, ...said, ...once, seconds: sent.seconds ?? 1 } }
    case "audio":
      return { audioMessage: { ...file, ...once, seconds: sent.seconds ?? 1, ptt: sent.voice ?? false } }
    case "document":
      return {
        documentMessage: { ...file, ...said, fileName: sent.fileName ?? "document", title: sent.fileName ?? "" }
      }
    case "sticker":
      return { stickerMessage: file }
  }
}
