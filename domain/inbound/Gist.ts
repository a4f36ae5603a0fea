import { besides, type Chat, type HeardContent } from "./Heard.ts"

/** Names a message in its chat; by which of their names its sender is known here changes. */
export const nameOf = ({ fromMe, waMessageId }: { readonly waMessageId: string; readonly fromMe: boolean }) => ({
  waMessageId,
  fromMe
})

/** Which chat it is, whatever it is called by now. */
export const chatOf = (chat: Chat): Chat => {
  if (chat.kind === "person") return chat
  const { name: _, ...place } = chat
  return place
}

/**
 * What of it is the same however often and by whichever way it comes: its words, and of a file the digest. Not as what it was
 * encoded: a phone's history has other keys and pictures around the same words. Not what is said beside the words: timers,
 * and people by the names that are known of them today.
 */
export const gistOf = (content: HeardContent): object => {
  const { type } = content
  if (type === "oversized") return { type, name: content.name }
  const words = Object.fromEntries(Object.entries(content).filter(([member]) => !besides.has(member)))
  return {
    ...words,
    ...("target" in content && { target: nameOf(content.target) }),
    ...(type === "edit" && { content: gistOf(content.content) })
  }
}
