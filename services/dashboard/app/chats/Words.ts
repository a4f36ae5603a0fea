interface Said {
  readonly kind: string
  readonly content?: { readonly type: string }
}

/** What was said, in words: of what is no text the kind, and what it says besides. */
export const wordsOf = ({ content, kind }: Said): string => {
  if (content === undefined) return `[${kind}]`
  const { caption, name, question, text } = content as { readonly [member: string]: unknown }
  const words = [text, caption, question, name].find((word): word is string => typeof word === "string" && word !== "")
  if (content.type === "text") return words ?? ""
  return words === undefined ? `[${content.type}]` : `[${content.type}] ${words}`
}
