import { Effect } from "effect"
import { chatPageSizes } from "../api/ChatsApi.ts"
import { contactPageSizes } from "../api/ContactsApi.ts"
import { conversationPageSizes } from "../api/ConversationsApi.ts"
import type * as Client from "./Client.ts"
import { sayEach, warn } from "./Terminal.ts"

interface Page {
  readonly items: ReadonlyArray<object>
  readonly next: string | null
}

/** Every page of a list, each as it comes. */
const each = Effect.fnUntraced(function* <E>(
  { maximum: limit }: { readonly maximum: number },
  page: (query: { readonly limit: number; readonly after?: string }) => Effect.Effect<Page | string, E>
) {
  for (let after: string | null | undefined; after !== null; ) {
    const found: Page | string = yield* page({ limit, ...(after !== undefined && { after }) })
    if (typeof found === "string") return // a table, which nobody has asked for
    sayEach(found)
    after = found.next
  }
})

interface Asked {
  readonly device?: string
}

export const listContacts = (ask: Client.Ask, { device }: Asked) =>
  each(contactPageSizes, (query) =>
    ask(({ contacts }) => contacts.list({ query: { ...query, ...(device !== undefined && { device }) } }))
  )

export const listChats = (ask: Client.Ask, { device }: Asked) =>
  each(chatPageSizes, (query) =>
    ask(({ chats }) => chats.list({ query: { ...query, ...(device !== undefined && { device }) } }))
  )

export const listMessages = (ask: Client.Ask, chat: string) =>
  each(chatPageSizes, (query) => ask(({ chats }) => chats.messages({ params: { id: chat }, query })))

/** The regions that cannot be reached are told beside it: what they have more is not in it. */
export const conversation = Effect.fnUntraced(function* (ask: Client.Ask, phone: string, isOfHome: boolean) {
  const missing = new Map<string, string>()
  yield* each(conversationPageSizes, (query) =>
    Effect.tap(
      ask(({ conversations }) =>
        conversations.get({ query: { ...query, phone, ...(isOfHome && { from: "home" as const }) } })
      ),
      ({ asOf }) =>
        Effect.sync(() => {
          for (const { isCurrent, region, time } of asOf) if (!isCurrent) missing.set(region, time ?? "the beginning")
        })
    )
  )
  for (const [region, time] of missing) warn(`homing: region ${region} is as of ${time}: it may have more`)
})
