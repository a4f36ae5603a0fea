import { Effect } from "effect"
import type { PeerId } from "#domain/Ids.ts"
import type { Peer } from "../contacts/PeerRows.ts"
import * as ChatDocument from "./ChatDocument.ts"
import { account } from "./ChatsRows.ts"
import { fold } from "./Folding.ts"
import * as ListedChatRows from "./ListedChatRows.ts"

export interface Asked {
  readonly chat: Peer
  readonly after: bigint | undefined
  readonly limit: number
  /** As it was by this place in the log, if not as it is. Who is who is as it is known now. */
  readonly upTo?: bigint | undefined
}

/** A stretch of one chat, as it is shown. Whoever was two to us is one here, under the number of the older. */
export const make = Effect.gen(function* () {
  const rows = yield* ListedChatRows.make
  const present = yield* ChatDocument.make

  return Effect.fnUntraced(function* ({ after, chat, limit, upTo }: Asked) {
    const chats = yield* rows.membersOf(chat.number)
    const found = yield* rows.entries({ chats, after, limit: limit + 1, upTo })
    const page = found.slice(0, limit)
    const ids = [...new Set(page.map(({ waMessageId }) => waMessageId))]
    const changes = yield* rows.changes(chats, ids, upTo)
    const firsts = new Set((yield* rows.firsts(chats, ids)).map(({ position }) => position))

    const authors = [...new Set([...page, ...changes].map(({ author }) => author))].filter((one) => one !== account)
    const current = yield* rows.current(authors)
    const contacts = new Map<number, PeerId>(
      (yield* rows.peers([...new Set(current.values())])).map(({ id, number }) => [number, id])
    )
    const known = <A extends { readonly author: number }>(one: A): A => ({
      ...one,
      author: current.get(one.author) ?? one.author
    })

    const folded = fold(
      page.map((entry) => known({ ...entry, isFirst: firsts.has(entry.position) })),
      changes.map(known),
      { isGroup: chat.kind === "group" }
    )
    return {
      items: yield* present(folded, (author) => contacts.get(author), upTo),
      next: found.length > limit ? page.at(-1)?.position : undefined
    }
  })
})
