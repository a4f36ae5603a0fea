import { Effect } from "effect"
import type * as Client from "./Client.ts"
import { sayEach } from "./Terminal.ts"

interface Page {
  readonly items: ReadonlyArray<object>
  readonly next: string | null
}

const pageSize = 200

/** Every page of a list, each as it comes. */
const each = Effect.fnUntraced(function* <E>(
  page: (query: { readonly limit: number; readonly after?: string }) => Effect.Effect<Page | string, E>
) {
  for (let after: string | null | undefined; after !== null; ) {
    const found: Page | string = yield* page({ limit: pageSize, ...(after !== undefined && { after }) })
    if (typeof found === "string") return // a table, which nobody has asked for
    sayEach(found)
    after = found.next
  }
})

interface Asked {
  readonly device?: string
}

export const listContacts = (ask: Client.Ask, { device }: Asked) =>
  each((query) =>
    ask(({ contacts }) => contacts.list({ query: { ...query, ...(device !== undefined && { device }) } }))
  )

export const listChats = (ask: Client.Ask, { device }: Asked) =>
  each((query) => ask(({ chats }) => chats.list({ query: { ...query, ...(device !== undefined && { device }) } })))

export const listMessages = (ask: Client.Ask, chat: string) =>
  each((query) => ask(({ chats }) => chats.messages({ params: { id: chat }, query })))
