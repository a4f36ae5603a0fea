import type { AnyMessageContent } from "@whiskeysockets/baileys"
import type { Content } from "#domain/message/content/Content.ts"

/** A preview would fetch whatever the text links to, from this machine. */
export const text = ({ text }: Extract<Content, { type: "text" }>): AnyMessageContent => ({ text, linkPreview: null })
