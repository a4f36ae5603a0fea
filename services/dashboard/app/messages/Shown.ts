import type { Message } from "#services/api/MessagesApi.ts"

export type Shown = typeof Message.Type

/** Who it is for, as far as it can be read. */
export const recipientOf = ({ to }: Pick<Shown, "to">): string => to ?? "Not readable"

/** What it says, as far as it can be read. */
export const textOf = ({ content }: Pick<Shown, "content">): string => {
  if (content === undefined) return "—"
  return content.type === "text" ? content.text : `[${(content as { readonly type: string }).type}]`
}

const wordsOf = (message: Shown) => [
  message.id,
  message.to ?? "",
  textOf(message),
  message.error?.code ?? "",
  message.waMessageId ?? "",
  ...Object.entries(message.tags).flat()
]

/** Whether all words of a search stand somewhere in it; spaces in a number do not matter. */
export const matches = (message: Shown, search: string): boolean => {
  const words = wordsOf(message).map((word) => word.toLowerCase())
  const wanted = search.toLowerCase().trim()
  const digits = wanted.replaceAll(/[\s()+-]/g, "")
  if (/^\d{3,}$/.test(digits) && (message.to ?? "").includes(digits)) return true
  return wanted.split(/\s+/).every((part) => words.some((word) => word.includes(part)))
}
