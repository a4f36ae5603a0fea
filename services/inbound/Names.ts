import type { Chat } from "#domain/inbound/Heard.ts"

/** Everything by which the source names it, what it is best known by first. */
export const namesOf = (chat: Chat): ReadonlyArray<readonly [kind: string, identity: string]> => {
  if (chat.kind !== "person") return [[chat.kind, chat.address]]
  const { lid, phone } = chat
  return [
    ...(phone === undefined ? [] : [["phone", phone] as const]),
    ...(lid === undefined ? [] : [["lid", lid] as const])
  ]
}
